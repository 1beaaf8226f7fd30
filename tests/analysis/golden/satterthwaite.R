# What R (4.2.2, lme4 1.1.31, lmerTest 3.1.3) says of t and F tests of small designs: some of nasty_sets.json and ratings.csv.
# Run: Rscript satterthwaite.R > satterthwaite.json. The F test is of orthonormal contrasts of the conditions, so that
# none of them is special; anova() takes others, by which the denominator's degrees of freedom differ a little.
suppressMessages({library(lmerTest); library(jsonlite)})
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
said <- function(d, right) {
  d <- droplevels(d[!is.na(d$value), ])
  m <- suppressMessages(lmer(as.formula(paste("value ~ condition +", right)), d, control = tight))
  levels <- levels(d$condition); k <- length(levels)
  mean_of <- function(label) as.numeric(names(fixef(m)) == paste0("condition", label))
  test <- function(L) { one <- contest1D(m, L, confint = TRUE); c(unlist(one[c("Estimate", "df", "Pr(>|t|)", "lower", "upper")], use.names = FALSE)) }
  H <- contr.helmert(k); H <- sweep(H, 2, sqrt(colSums(H^2)), "/")
  f <- contestMD(m, t(H) %*% t(sapply(levels, mean_of)))
  list(coefficients = lapply(setNames(seq_along(fixef(m)), names(fixef(m))), function(i) test(as.numeric(seq_along(fixef(m)) == i))),
       pairs = apply(combn(levels, 2), 2, function(pair) test(mean_of(pair[2]) - mean_of(pair[1])), simplify = FALSE),
       f = unlist(f[c("NumDF", "DenDF", "F value", "Pr(>F)")], use.names = FALSE))
}
sets <- read_json("nasty_sets.json", simplifyVector = TRUE)
chosen <- c("tiny", "two people", "people within conditions", "people differ in what they prefer", "empty cells",
            "no variance of people or questions", "length as a covariate", "an effect of 6", "missing ratings")
out <- lapply(setNames(chosen, chosen), function(name) {
  one <- sets[[name]]
  d <- data.frame(participant = factor(one$participant), question = factor(one$question),
                  condition = factor(strsplit(one$condition, "")[[1]]))
  d$value <- suppressWarnings(as.numeric(strsplit(one$rating, "")[[1]]))
  d$pair <- interaction(d$participant, d$condition, drop = TRUE)
  if (!is.null(one$explanation_length)) d$explanation_length <- one$explanation_length
  said(d, paste(c(one$covariates, sprintf("(1 | %s)", one$factors)), collapse = " + "))
})
d <- read.csv("ratings.csv", stringsAsFactors = TRUE)
d$text <- interaction(d$question, d$condition, drop = TRUE)
d$value <- d$Quality
out$ratings <- said(d, "explanation_length + (1 | participant) + (1 | question) + (1 | text)")
lines <- sapply(names(out), function(name) sprintf("%s: %s", toJSON(name, auto_unbox = TRUE), toJSON(out[[name]], digits = I(12), auto_unbox = TRUE)))
cat("{\n", paste(lines, collapse = ",\n"), "\n}\n", sep = "")
