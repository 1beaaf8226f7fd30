# What R (4.2.2, ordinal 2022.11.16) says of ratings.csv, and of the published study where its file is at
# hand: thresholds by condition (clm, and clmm2 with one random intercept).
# Run: Rscript nominal.R [study.csv] > nominal.json
suppressMessages({library(ordinal); library(jsonlite)})
test_of <- function(d) { # clm with thresholds by condition against one shift of all
  full <- clm(rating ~ 1, nominal = ~condition, data = d, control = clm.control(gradTol = 1e-10))
  null <- clm(rating ~ condition, data = d, control = clm.control(gradTol = 1e-10))
  chi2 <- 2 * (c(logLik(full)) - c(logLik(null))); df <- length(coef(full)) - length(coef(null))
  list(loglik = c(logLik(full)), chi2 = chi2, df = df, p = pchisq(chi2, df, lower.tail = FALSE),
       estimate = unname(coef(full)), se = unname(sqrt(diag(vcov(full)))))
}
exactly <- clmm2.control(method = "nlminb", maxIter = 500, maxLineIter = 500, gradTol = 1e-9, innerCtrl = "noWarn")
of_people <- function(d) { # clmm2 takes one random intercept
  full <- clmm2(rating ~ 1, nominal = ~ condition, random = participant, data = d, Hess = TRUE, control = exactly)
  null <- clmm2(rating ~ condition, random = participant, data = d, Hess = TRUE, control = exactly)
  list(loglik = c(logLik(full)), null_loglik = c(logLik(null)), sd = unname(full$stDev), estimate = unname(full$Theta))
}
rated <- function(d, name) { d$rating <- factor(d[[name]], ordered = TRUE); d }
all_of <- function(d, constructs) setNames(lapply(constructs, function(name) test_of(rated(d, name))), constructs)
d <- read.csv("ratings.csv"); d$condition <- factor(d$condition); d$participant <- factor(d$participant)
both <- c("clarity", "use")
out <- list(ratings = list(clm = all_of(d, both), people = setNames(lapply(both, function(name) of_people(rated(d, name))), both)))
lacking <- d[!(d$condition == "a" & d$clarity == 1), ] # so that a threshold of a has no bound
out$ratings$lacking <- test_of(rated(lacking, "clarity"))[c("loglik", "chi2", "df", "p")]
path <- commandArgs(TRUE)
if (length(path)) {
  d <- read.csv(path)
  constructs <- c("Plausibility", "Understandability", "Completeness", "Satisfaction", "Contrastiveness")
  labels <- sub("RevRationales", "Revised", sub("PosRationales", "Unrevised", d$model))
  d$condition <- factor(labels, c("CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised", "MT+CF:Revised"))
  out$published <- list(clm = lapply(all_of(d, constructs), function(one) one[c("loglik", "chi2", "df", "p")]))
}
cat(toJSON(out, digits = I(16), auto_unbox = TRUE, pretty = TRUE), "\n")
