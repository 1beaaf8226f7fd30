"""From a study, or a file of an earlier one, to figures, tables and a report; only `analyze` comes here."""
