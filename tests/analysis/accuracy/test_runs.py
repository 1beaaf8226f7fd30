from app.analysis.accuracy.runs import as_runs, order_conditions, order_sizes
from app.contract.accuracies import ResultRow


def test_conditions_and_sizes_come_in_the_papers_order() -> None:
    rows = [
        ResultRow(0, 0.5, data, size, mode)
        for size in ("1.5B", "odd", "770M", "220M")
        for mode in ("both", "task-prefix", "counterfactual-prefix", "standard")
        for data in ("few-shot-revision", "few-shot-positive-rationale")
    ]
    runs = as_runs(rows)
    assert order_sizes(runs) == ["220M", "770M", "1.5B", "odd"]
    unrevised = ["Standard:Unrevised", "CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised"]
    assert order_conditions(runs)[:4] == unrevised
    assert order_conditions(runs)[-1] == "MT+CF:Revised"
