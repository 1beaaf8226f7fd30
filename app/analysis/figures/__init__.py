"""The figures of a study, each a function of its material; or a sentence where the data have none."""
