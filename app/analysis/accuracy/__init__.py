"""What is made of an experiment's accuracies: the paper's performance analysis, its report and figure."""
