"""The same analysis for R: data.csv, and a script that reads it."""

from pathlib import Path

import pandas as pd

from app.analysis.material import (
    BY_HAND,
    BY_RULE,
    LENGTH,
    QUALITY,
    STATUS,
    TEXT,
    TEXT_HASH,
    VERSION,
    Material,
)
from app.exports.escaping import defused, one_line, r_string

SCRIPT = """\
# {stamp}
# Repeats the main models and the published tests of data.csv in R. Needs ordinal, lme4, car and FSA
# (install.packages(c("ordinal", "lme4", "car", "FSA"))).
library(ordinal)
library(lme4)

d <- read.csv("data.csv", encoding = "UTF-8", check.names = FALSE)
conditions <- c({conditions})
constructs <- c({constructs})
d$condition <- factor(d$condition, levels = conditions)
for (name in c("participant", "question", "text")) d[[name]] <- factor(d[[name]])

# Ordinal ratings with people and items: the model to report first.
for (construct in constructs) {{
  d$rating <- factor(d[[construct]], ordered = TRUE)
  full <- clmm(rating ~ condition + {intercepts}, data = d)
  null <- clmm(rating ~ 1 + {intercepts}, data = d)
  cat("\\n##", construct, "\\n")
  print(summary(full))
  print(anova(null, full))
}}
# p.adjust(c(...), "holm") over the constructs' p-values gives the report's p (Holm). An intercept whose
# variance is estimated as zero stays in these models; the report leaves it out, with the same likelihood.

# Linear mixed models{adjusted}; tests of condition by maximum likelihood.
for (construct in c(constructs, "{quality}")) for (length in c({lengths})) {{
  cat("\\n##", construct, length, "\\n")
  d$value <- d[[construct]]
  with_condition <- as.formula(paste("value ~ condition + {intercepts}", length))
  without <- as.formula(paste("value ~ 1 + {intercepts}", length))
  print(summary(lmer(with_condition, data = d)))
  print(anova(lmer(without, data = d, REML = FALSE), lmer(with_condition, data = d, REML = FALSE)))
}}

# The published steps, which take ratings as independent.
for (construct in c(constructs, "Quality")) {{
  cat("\\n##", construct, "\\n")
  d$value <- d[[construct]]
  print(aggregate(value ~ condition, d, function(x) c(n = length(x), mean = mean(x), sd = sd(x))))
  print(tapply(d$value, d$condition, shapiro.test))
  print(car::leveneTest(value ~ condition, d, center = median))
  print(kruskal.test(value ~ condition, d))
  # FSA's Z is the first less the second: the report's z has the other sign.
  print(FSA::dunnTest(value ~ condition, d, method = "bonferroni"))
  print(FSA::dunnTest(value ~ condition, d, method = "holm"))
}}
print(cor(d[constructs], method = "pearson"))
print(cor(d[constructs], method = "spearman"))

# The linear model, without values beyond 1.5 interquartile ranges of their condition.
outside <- ave(d$Quality, d$condition, FUN = function(x) {{
  q <- quantile(x, c(.25, .75))
  x < q[1] - 1.5 * diff(q) | x > q[2] + 1.5 * diff(q)
}})
print(summary(lm(Quality ~ condition{length}, d[outside == 0, ])))
"""


def write(material: Material, out: Path, stamp: str) -> None:
    """Participants and texts leave as they are in the exports; nothing else identifies anybody."""
    columns = ["participant", "question", "condition", TEXT, *material.constructs, QUALITY]
    known = (
        VERSION,
        TEXT_HASH,
        STATUS,
        LENGTH,
        "answer_correct",
        "position",
        "duration_ms",
        BY_RULE,
        BY_HAND,
    )
    columns += [name for name in (*known, *material.controls) if name in material.frame]
    data = material.frame[columns].apply(defused_column)
    data.to_csv(out / "data.csv", index=False)
    text = SCRIPT.format(
        stamp=one_line(stamp),
        conditions=", ".join(r_string(defused(one)) for one in material.conditions),
        constructs=", ".join(r_string(one) for one in material.constructs),
        intercepts=" + ".join(f"(1 | {factor})" for factor in material.factors),
        quality=QUALITY,
        length=f" + {LENGTH}" if material.covariates else "",
        lengths=f'"", "+ {LENGTH}"' if material.covariates else '""',
        adjusted=", not adjusted and adjusted for the explanation's length" if material.covariates else "",
    )
    (out / "analysis.R").write_text(text, encoding="utf-8")


def defused_column(column: pd.Series) -> pd.Series:
    """A column whose texts no spreadsheet runs; numbers stay as they are."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return column.astype(object).map(lambda cell: defused(cell) if isinstance(cell, str) else cell)
