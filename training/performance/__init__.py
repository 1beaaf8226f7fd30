"""What the experiment stage makes of accuracies: the paper's performance analysis, its report and figure."""
