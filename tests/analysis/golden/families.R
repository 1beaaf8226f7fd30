# What R (4.2.2, ordinal 2022.11.16, rstatix 0.7.2, mvnormtest 0.1.9) says of ratings.csv, and of the published study
# where its file is at hand: cumulative link models without random effects, Box's M, the multivariate Shapiro-Wilk.
# Run: Rscript families.R [study.csv] > families.json
suppressMessages({library(ordinal); library(rstatix); library(mvnormtest); library(jsonlite)})
plain <- function(d, constructs) setNames(lapply(constructs, function(name) {
  d$rating <- factor(d[[name]], ordered = TRUE)
  full <- clm(rating ~ condition, data = d, control = clm.control(gradTol = 1e-10))
  null <- clm(rating ~ 1, data = d)
  table <- coef(summary(full)); test <- anova(null, full)
  list(estimate = unname(table[, 1]), se = unname(table[, 2]), loglik = c(logLik(full)),
       chi2 = test$LR.stat[2], df = test$df[2], p = test[["Pr(>Chisq)"]][2])
}), constructs)
joint <- function(d, constructs) {
  m <- box_m(d[constructs], d$condition)
  w <- mshapiro.test(t(as.matrix(d[constructs])))
  list(box_m = list(chi2 = unname(m$statistic), df = m$parameter, p = m$p.value),
       shapiro = list(W = unname(w$statistic), p = w$p.value))
}
d <- read.csv("ratings.csv"); d$condition <- factor(d$condition)
out <- list(ratings = c(list(clm = plain(d, c("clarity", "use"))), joint(d, c("clarity", "use"))))
path <- commandArgs(TRUE)
if (length(path)) {
  d <- read.csv(path)
  constructs <- c("Plausibility", "Understandability", "Completeness", "Satisfaction", "Contrastiveness")
  labels <- sub("RevRationales", "Revised", sub("PosRationales", "Unrevised", d$model))
  d$condition <- factor(labels, c("CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised", "MT+CF:Revised"))
  out$published <- c(list(clm = plain(d, constructs)), joint(d, constructs))
}
cat(toJSON(out, digits = I(16), auto_unbox = TRUE, pretty = TRUE), "\n")
