# What R (4.2.2, ordinal 2022.11.16, lme4 1.1.31, lmerTest 3.1.3, pbkrtest 0.5.2) makes of nasty_sets.json.
# Run: Rscript nasty.R > nasty.json. Models as they come, with what R warned of; `tight` is clmm's log likelihood
# with smaller tolerances, by which its standard errors are spoilt on a boundary, so they are not taken from there.
suppressMessages({library(ordinal); library(lme4); library(lmerTest); library(jsonlite)})

heard <- function(expr) { # the value (NULL after an error) and all that was said
  said <- character(0)
  hear <- function(one) said <<- c(said, trimws(gsub("\\s+", " ", conditionMessage(one))))
  value <- withCallingHandlers(
    tryCatch(expr, error = function(e) { hear(e); NULL }),
    warning = function(w) { hear(w); invokeRestart("muffleWarning") },
    message = function(m) { hear(m); invokeRestart("muffleMessage") })
  list(value = value, said = I(unique(said)))
}
known <- function(x) if (length(x)) unname(as.numeric(x)) else NULL
frame_of <- function(one) {
  d <- data.frame(participant = factor(one$participant), question = factor(one$question),
                  condition = factor(strsplit(one$condition, "")[[1]]))
  d$value <- suppressWarnings(as.numeric(strsplit(one$rating, "")[[1]]))
  d$pair <- interaction(d$participant, d$condition, drop = TRUE)
  d$text <- interaction(d$question, d$condition, drop = TRUE)
  if (!is.null(one$explanation_length)) d$explanation_length <- one$explanation_length
  d <- droplevels(d[!is.na(d$value), ])
  d$rating <- factor(d$value, ordered = TRUE)
  d
}
formulas <- function(response, one, several = TRUE) {
  rest <- paste(c(one$covariates, sprintf("(1 | %s)", one$factors)), collapse = " + ")
  list(full = as.formula(paste(response, "~", if (several) "condition +" else "", rest)),
       null = as.formula(paste(response, "~", rest)))
}
cumulative <- function(d, one) {
  how <- formulas("rating", one, nlevels(d$condition) > 1)
  full <- heard(clmm(how$full, data = d)); fit <- full$value
  if (is.null(fit)) return(list(said = full$said))
  summary <- heard(summary(fit))
  table <- if (is.null(summary$value)) matrix(nrow = 0, ncol = 2) else coef(summary$value)
  null <- heard(clmm(how$null, data = d))$value
  tight <- heard(clmm(how$full, data = d, control = clmm.control(gradTol = 1e-8)))$value
  spread <- sapply(VarCorr(fit), function(v) sqrt(v[1, 1]))
  list(loglik = c(logLik(fit)), tight = if (!is.null(tight)) c(logLik(tight)), null = if (!is.null(null)) c(logLik(null)),
       estimate = setNames(as.list(fit$coefficients), names(fit$coefficients)),
       se = setNames(as.list(known(table[, 2])), rownames(table)), random_sd = as.list(spread),
       gradient = max(abs(fit$gradient)), code = fit$optRes$convergence,
       condition = suppressWarnings(as.numeric(summary$value$condHess)), said = I(unique(c(full$said, summary$said))))
}
linear <- function(d, one) {
  several <- nlevels(d$condition) > 1
  how <- formulas("value", one, several)
  strict <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
  reml <- heard(lmer(how$full, d, control = strict)); fit <- reml$value
  if (is.null(fit)) return(list(said = reml$said))
  ml <- heard(lmer(how$full, d, REML = FALSE, control = strict))$value
  null <- heard(lmer(how$null, d, REML = FALSE, control = strict))$value
  v <- as.data.frame(VarCorr(fit))
  test <- function(ddf) if (several) {
    a <- heard(anova(fit, ddf = ddf))$value
    if (!is.null(a)) as.list(setNames(unlist(a["condition", c("NumDF", "DenDF", "F value", "Pr(>F)")]), c("df1", "df2", "F", "p")))
  }
  list(loglik = c(logLik(fit)), ml = c(logLik(ml)), null = c(logLik(null)), estimate = as.list(fixef(fit)),
       se = setNames(as.list(sqrt(diag(as.matrix(vcov(fit))))), names(fixef(fit))),
       variances = setNames(as.list(v$vcov), sub("Residual", "residual", v$grp)), is_singular = isSingular(fit),
       satterthwaite = test("Satterthwaite"), kenward_roger = test("Kenward-Roger"), said = reml$said)
}
sets <- read_json("nasty_sets.json", simplifyVector = TRUE)
found <- lapply(sets, function(one) {
  d <- frame_of(one)
  list(n = nrow(d), cumulative = cumulative(d, one), linear = linear(d, one))
})
lines <- sapply(names(found), function(name)
  sprintf("%s: %s", toJSON(name, auto_unbox = TRUE), toJSON(found[[name]], digits = I(15), auto_unbox = TRUE, null = "null", na = "null")))
cat("{\n", paste(lines, collapse = ",\n"), "\n}\n", sep = "")
