# What R (4.2.2, lme4 1.1.31, car 3.1.1) says of ratings.csv, which tests/analysis/statistics/made.py made up.
# Run: Rscript ratings.R > ratings.json. lmer with tight tolerances, everything else as it comes.
suppressMessages({library(lme4); library(car); library(jsonlite)})
d <- read.csv("ratings.csv")
d$condition <- factor(d$condition)
d$text <- interaction(d$question, d$condition, drop = TRUE)
d$pair <- interaction(d$participant, d$condition, drop = TRUE)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
model <- function(formula, REML = TRUE) {
  m <- suppressMessages(lmer(formula, d, REML = REML, control = tight))
  v <- as.data.frame(VarCorr(m))
  list(estimate = unname(fixef(m)), se = unname(sqrt(diag(as.matrix(vcov(m))))),
       variances = setNames(as.list(v$vcov), sub("Residual", "residual", v$grp)), loglik = c(logLik(m)))
}
out <- lapply(c(clarity = "clarity", use = "use", Quality = "Quality"), function(y) {
  d$y <- d[[y]]
  kw <- kruskal.test(y ~ condition, d)
  lev <- leveneTest(y ~ condition, d, center = median)
  means <- with(d, tapply(y, list(participant, condition), mean))
  fr <- friedman.test(means)
  # Thirds that differ by rounding alone are ties.
  wi <- suppressWarnings(wilcox.test(round(means[, 1] - means[, 2], 9), exact = FALSE))
  mw <- wilcox.test(y ~ condition, d[d$condition != "c", ], exact = FALSE)
  list(quartiles = unname(quantile(d$y[d$condition == "b"], c(.25, .5, .75))), sd = sd(d$y[d$condition == "b"]),
       shapiro = unlist(shapiro.test(d$y[d$condition == "a"])[c("statistic", "p.value")], use.names = FALSE),
       kruskal = c(unname(kw$statistic), kw$p.value), levene = c(lev[1, 2], lev[1, 3]),
       friedman = c(unname(fr$statistic), fr$p.value), wilcoxon = c(unname(wi$statistic), wi$p.value),
       mannwhitney = c(unname(mw$statistic), mw$p.value))
})
spearman <- suppressWarnings(cor.test(d$clarity, d$use, method = "spearman", exact = FALSE))
fit <- lm(Quality ~ condition + explanation_length, d)
out$spearman <- c(unname(spearman$estimate), spearman$p.value)
out$lm <- list(estimate = unname(coef(fit)), se = unname(summary(fit)$coefficients[, 2]),
               aic = AIC(fit), bic = BIC(fit))
out$mixed <- model(Quality ~ condition + explanation_length + (1 | participant) + (1 | question) + (1 | text))
out$mixed_pair <- model(clarity ~ condition + (1 | participant) + (1 | question) + (1 | pair))
out$mixed_ml <- model(clarity ~ condition + (1 | participant) + (1 | question), REML = FALSE)
cat(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
