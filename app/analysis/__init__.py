"""What a study's ratings, and an experiment's accuracies, say: statistics, figures, report and script."""
