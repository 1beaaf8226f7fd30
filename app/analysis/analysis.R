# Repeats the report's main models and the published tests of data.csv in R, writes them to analysis-r.csv in the columns
# of statistics.csv, and prints them. What these data cannot give is said and left out.
needed <- c("ordinal", "lme4", "lmerTest")
absent <- needed[!vapply(needed, requireNamespace, logical(1), quietly = TRUE)]
if (length(absent)) {
  stop("This script needs R packages that are not installed: ", paste(absent, collapse = ", "), ".\n",
       "Install them in R: install.packages(c(", paste0('"', absent, '"', collapse = ", "), "))\n",
       "or on Debian and Ubuntu: apt install ", paste0("r-cran-", tolower(absent), collapse = " "), call. = FALSE)
}
suppressPackageStartupMessages({library(ordinal); library(lme4); library(lmerTest)})

# What the study is
#SETTINGS

texts <- c("participant", "question", "condition", "text")
data <- read.csv("data.csv", encoding = "UTF-8", check.names = FALSE, na.strings = "",
                 colClasses = setNames(rep("character", length(texts)), texts))
# Within the script a condition is its number, as not every locale can hold every label.
data$condition <- factor(match(enc2utf8(data$condition), conditions), levels = seq_along(conditions))
cat(sprintf("condition%d: %s\n", seq_along(conditions), conditions), sep = "")
label_of <- function(level) if (level == "") "" else conditions[as.integer(level)]
term_of <- function(name) if (startsWith(name, "condition")) label_of(sub("condition", "", name)) else name
for (name in texts[texts != "condition"]) data[[name]] <- factor(data[[name]])
data$participant_condition <- interaction(data$participant, data$condition, drop = TRUE)

# The report's variants, the one to report first first: without those whom the declared rules or a researcher excluded,
# without the researcher's alone, and all rows.
is_marked <- function(name) toupper(as.character(data[[name]])) %in% "TRUE"
by_hand <- if ("excluded_by_hand" %in% names(data)) is_marked("excluded_by_hand") else logical(nrow(data))
variants <- list()
if ("excluded" %in% names(data)) variants$exclusions <- data[!by_hand & !is_marked("excluded"), ]
if (any(by_hand)) variants$by_hand <- data[!by_hand, ]
variants$all_rows <- data

found <- list()
keep <- function(analysis, variant, construct, values, group1 = "", group2 = "", term = "") {
  values <- values[!is.na(values)]
  if (length(values)) found[[length(found) + 1]] <<- data.frame(
    analysis, variant, construct, group1, group2, term, quantity = names(values), value = unname(unlist(values)))
}
write_found <- function(path) { # as UTF-8 in every locale
  rows <- do.call(rbind, found)
  quoted <- function(text) paste0('"', gsub('"', '""', enc2utf8(text), fixed = TRUE), '"')
  cells <- c(lapply(rows[names(rows) != "value"], quoted), list(sprintf("%.17g", rows$value)))
  stream <- file(path, "wb")
  on.exit(close(stream))
  writeLines(c(paste0('"', names(rows), '"', collapse = ","), do.call(paste, c(unname(cells), sep = ","))), stream, useBytes = TRUE)
}
attempt <- function(what, expression) { # its value, or NULL after saying why there is none
  tryCatch(withCallingHandlers(expression, warning = function(one) {
    message(what, ": ", conditionMessage(one)); invokeRestart("muffleWarning")
  }), error = function(one) { message(what, " cannot be computed: ", conditionMessage(one)); NULL })
}
given <- function(d, construct, also = character(0)) { # rows with the construct, and levels that are left
  droplevels(d[stats::complete.cases(d[c(construct, also)]), ])
}
pairs_of <- function(d) if (nlevels(d$condition) > 1) t(combn(levels(d$condition), 2)) else matrix("", 0, 2)
formula_of <- function(left, fixed, factors) {
  right <- c(if (length(fixed)) fixed else "1", sprintf("(1 | %s)", factors))
  as.formula(paste(left, "~", paste(right, collapse = " + ")))
}
likelihood_ratio <- function(full, null, df) {
  chi2 <- max(0, 2 * (c(logLik(full)) - c(logLik(null))))
  list(chi2 = chi2, df = df, p = pchisq(chi2, df, lower.tail = FALSE))
}

# Pairs of conditions, the second less the first, with Holm's correction over the pairs. `df`: of a t test, by weights.
contrasts_of <- function(analysis, variant, construct, d, estimate, covariance, df = NULL) {
  both <- pairs_of(d)
  weights <- t(apply(both, 1, function(pair) {
    row <- setNames(numeric(length(estimate)), names(estimate))
    for (side in 1:2) if (pair[side] != levels(d$condition)[1]) { # the reference, which has no coefficient
      name <- paste0("condition", pair[side])
      stopifnot(name %in% names(row))
      row[name] <- c(-1, 1)[side]
    }
    row
  }))
  value <- drop(weights %*% estimate)
  se <- sqrt(diag(weights %*% covariance %*% t(weights)))
  degrees <- if (is.null(df)) rep(Inf, length(value)) else apply(weights, 1, df)
  p <- 2 * pt(-abs(value / se), degrees)
  holm <- p.adjust(p, "holm")
  for (row in seq_len(nrow(both))) {
    statistic <- if (is.null(df)) list(z = value[row] / se[row]) else list(t = value[row] / se[row], df = degrees[row])
    keep(analysis, variant, construct, c(list(estimate = value[row], se = se[row], p = p[row], p_holm = holm[row]), statistic),
         label_of(both[row, 1]), label_of(both[row, 2]))
  }
  data.frame(first = both[, 1], second = both[, 2], estimate = value, se, p, p_holm = holm)
}

# Ordinal ratings of people and items: the model to report first. An intercept whose variance is zero is left out, as in
# the report: the likelihood is the same, and R's standard errors on the edge are not to be trusted.
cumulative <- function(d, fixed, factors) {
  how <- formula_of("rating", fixed, factors)
  fit <- if (length(factors)) clmm(how, data = d) else clm(how, data = d, control = clm.control(gradTol = 1e-10))
  spread <- vapply(factors, function(name) sqrt(VarCorr(fit)[[name]][1, 1]), 1)
  if (!length(factors) || min(spread) >= 0.05) return(fit)
  # R may swap the names of factors with equally many levels: then the other one is tried too.
  sizes <- vapply(factors, function(name) nlevels(d[[name]]), 1L)
  for (name in factors[order(spread)]) if (sizes[name] %in% sizes[spread < 0.05]) {
    without <- cumulative(d, fixed, setdiff(factors, name))
    if (c(logLik(without)) >= c(logLik(fit)) - 1e-4) return(without)
  }
  fit
}
# Are odds proportional: thresholds of each condition's own against one shift of them all. R's clmm cannot do it, so it is
# without random effects, and only where every condition has each of the ratings between the lowest and the highest.
proportional_odds <- function(variant, construct, rows, null) {
  given <- table(rows$condition, rows$rating) > 0
  last <- ncol(given)
  if (last < 3 || !all(given[, 2:(last - 1)]) || sum(apply(given, 2, all)) < 3) return(invisible())
  full <- attempt(construct, clm(rating ~ 1, nominal = ~condition, data = rows))
  if (is.null(full)) return(invisible())
  test <- likelihood_ratio(full, null, (nrow(given) - 1) * (last - 2))
  keep("clm_nominal_test", variant, construct, test)
  cat("Are odds proportional?\n"); print(unlist(test))
}
cumulative_models <- function(analysis, variant, d, factors) {
  p <- c(); pairs <- list()
  for (construct in constructs) {
    rows <- given(d, construct)
    rows$rating <- factor(rows[[construct]], ordered = TRUE)
    if (nlevels(rows$rating) < 2 || nlevels(rows$condition) < 2) {
      message(construct, ": too few different ratings or conditions for a cumulative model"); next
    }
    cat("\n## ", construct, ", ", variant, ", ", analysis, "\n", sep = "")
    full <- attempt(construct, cumulative(rows, "condition", factors))
    null <- attempt(construct, cumulative(rows, character(0), factors))
    covariance <- if (!is.null(full)) attempt(construct, vcov(full))
    if (is.null(null) || is.null(covariance)) next
    print(summary(full))
    coefficients <- coef(summary(full))
    for (term in rownames(coefficients)) keep(analysis, variant, construct, term = term_of(term),
      list(estimate = coefficients[term, 1], se = coefficients[term, 2], p = coefficients[term, 4]))
    keep(analysis, variant, construct, list(loglik = c(logLik(full))))
    estimate <- full$beta
    test <- likelihood_ratio(full, null, length(estimate))
    keep(paste0(analysis, "_test"), variant, construct, test)
    p[construct] <- test$p
    print(unlist(test))
    if (!length(factors)) proportional_odds(variant, construct, rows, full)
    pairs[[construct]] <- contrasts_of(paste0(analysis, "_contrasts"), variant, construct, rows, estimate,
                                       covariance[names(estimate), names(estimate), drop = FALSE])
    print(pairs[[construct]])
  }
  holm(p, pairs, analysis, variant)
}
# Holm's correction among the primary constructs and among the others; one that could not be tested stays in its family.
# Then the pairs: one may be called different where its own p-value and the one of its construct's test are small.
holm <- function(p, pairs, analysis, variant) {
  p <- setNames(p[constructs], constructs)
  adjusted <- ave(ifelse(is.na(p), 1, p), constructs %in% primary, FUN = function(family) p.adjust(family, "holm"))
  adjusted <- setNames(adjusted, constructs)[!is.na(p)]
  for (construct in names(adjusted)) {
    keep(paste0(analysis, "_test"), variant, construct, list(p_holm = adjusted[[construct]]))
    both <- pairs[[construct]]
    for (row in seq_len(NROW(both))) keep(paste0(analysis, "_contrasts"), variant, construct,
      list(p_gated = max(both$p_holm[row], adjusted[[construct]])), label_of(both$first[row]), label_of(both$second[row]))
  }
  cat("\nHolm's correction over the constructs, ", analysis, ", ", variant, "\n", sep = "")
  print(adjusted)
}

# Linear mixed models, with Satterthwaite's degrees of freedom. The F test is of orthonormal contrasts, so that no
# condition is special; beside it the likelihood-ratio test by maximum likelihood.
f_of <- function(full, k) {
  means <- rbind(0, diag(k - 1)) # of conditions, less that of the reference
  contrast <- contr.helmert(k) %*% diag(1 / sqrt(colSums(contr.helmert(k)^2)), k - 1)
  weights <- matrix(0, k - 1, length(fixef(full)))
  weights[, which(startsWith(names(fixef(full)), "condition"))] <- t(contrast) %*% means
  test <- contestMD(full, weights)
  list(F = test[["F value"]], df1 = test$NumDF, df2 = test$DenDF, p_F = test[["Pr(>F)"]])
}
linear_models <- function(variant, d, analysis, covariate) {
  p <- c(); pairs <- list()
  tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
  for (construct in c(constructs, quality)) {
    rows <- given(d, construct, covariate)
    rows$value <- rows[[construct]]
    if (nlevels(rows$condition) < 2 || length(unique(rows$value)) < 2) next
    fit <- function(fixed, REML) lmer(formula_of("value", c(fixed, covariate), factors), rows, REML = REML, control = tight)
    full <- attempt(construct, fit("condition", TRUE))
    test <- attempt(construct, likelihood_ratio(fit("condition", FALSE), fit(character(0), FALSE), nlevels(rows$condition) - 1))
    if (is.null(full) || is.null(test)) next
    cat("\n## ", construct, ", ", variant, ", ", analysis, "\n", sep = "")
    print(summary(full))
    coefficients <- coef(summary(full))
    for (term in rownames(coefficients)) keep(analysis, variant, construct, term = term_of(term), list(
      estimate = coefficients[term, 1], se = coefficients[term, 2], df = coefficients[term, 3], p = coefficients[term, 5]))
    keep(analysis, variant, construct, list(loglik = c(logLik(full))))
    test <- c(test, f_of(full, nlevels(rows$condition)))
    keep(paste0(analysis, "_test"), variant, construct, test)
    if (construct != quality) p[construct] <- test$p_F
    print(unlist(test))
    pairs[[construct]] <- contrasts_of(paste0(analysis, "_contrasts"), variant, construct, rows, fixef(full),
                                       as.matrix(vcov(full)), function(weights) contest1D(full, weights)$df)
    print(pairs[[construct]])
  }
  holm(p, pairs, analysis, variant)
}

# The published steps, which take ratings as independent.
dunn <- function(variant, construct, rows) {
  ranks <- rank(rows$value); n <- length(ranks); ties <- table(rows$value)
  size <- tapply(ranks, rows$condition, length); level <- tapply(ranks, rows$condition, mean)
  both <- pairs_of(rows)
  variance <- (n * (n + 1) - sum(ties^3 - ties) / (n - 1)) / 12
  z <- (level[both[, 2]] - level[both[, 1]]) / sqrt(variance * (1 / size[both[, 1]] + 1 / size[both[, 2]]))
  p <- 2 * pnorm(-abs(z))
  for (row in seq_len(nrow(both))) keep("dunn", variant, construct, group1 = label_of(both[row, 1]), group2 = label_of(both[row, 2]),
    list(z = z[[row]], p = p[[row]], p_bonferroni = min(1, p[[row]] * nrow(both)), p_holm = p.adjust(p, "holm")[[row]]))
  data.frame(first = both[, 1], second = both[, 2], z = unname(z), p = unname(p), p_holm = unname(p.adjust(p, "holm")))
}
simple <- function(variant, d) {
  for (construct in c(constructs, quality)) {
    rows <- given(d, construct)
    rows$value <- rows[[construct]]
    cat("\n## ", construct, ", ", variant, "\n", sep = "")
    print(aggregate(value ~ condition, rows, function(x) c(n = length(x), mean = mean(x), sd = sd(x))))
    for (label in levels(rows$condition)) {
      x <- rows$value[rows$condition == label]
      keep("describe", variant, construct, list(n = length(x), mean = mean(x), sd = sd(x), median = median(x)), label_of(label))
      if (length(x) > 2 && length(x) <= 5000 && length(unique(x)) > 1) {
        test <- shapiro.test(x)
        keep("shapiro", variant, construct, list(W = test$statistic[[1]], p = test$p.value), label_of(label))
      }
    }
    if (nlevels(rows$condition) < 2 || length(unique(rows$value)) < 2) next
    distance <- abs(rows$value - ave(rows$value, rows$condition, FUN = median))
    levene <- attempt(construct, anova(lm(distance ~ rows$condition)))
    if (!is.null(levene)) keep("levene", variant, construct, list(F = levene[1, 4], p = levene[1, 5]))
    test <- kruskal.test(value ~ condition, rows)
    keep("kruskal", variant, construct, list(H = test$statistic[[1]], df = test$parameter[[1]], p = test$p.value))
    print(test)
    print(dunn(variant, construct, rows))
  }
  both <- if (length(constructs) > 1) t(combn(constructs, 2)) else matrix("", 0, 2)
  for (row in seq_len(nrow(both))) {
    values <- d[stats::complete.cases(d[both[row, ]]), both[row, ]]
    if (nrow(values) < 4 || any(vapply(values, function(x) length(unique(x)) < 2, TRUE))) next
    r <- cor.test(values[[1]], values[[2]])
    rho <- suppressWarnings(cor.test(values[[1]], values[[2]], method = "spearman", exact = FALSE))
    keep("correlation", variant, "", group1 = both[row, 1], group2 = both[row, 2],
         list(r = r$estimate[[1]], p = r$p.value, rho = rho$estimate[[1]], rho_p = rho$p.value))
  }
  least_squares(variant, d)
}
least_squares <- function(variant, d) {
  rows <- given(d, c(quality, covariates))
  rows$value <- rows[[quality]]
  if (nlevels(rows$condition) < 2 || length(unique(rows$value)) < 2) return(invisible())
  fit <- lm(formula_of("value", c("condition", covariates), character(0)), rows)
  cat("\n## ", quality, ", ", variant, ", linear model\n", sep = "")
  print(summary(fit))
  table <- coef(summary(fit))
  for (term in rownames(table)) keep("linear_model", variant, quality, term = term_of(term),
    list(estimate = table[term, 1], se = table[term, 2], p = table[term, 4]))
}
is_outlier <- function(x) { # beyond 1.5 interquartile ranges
  q <- quantile(x, c(.25, .75), na.rm = TRUE)
  !is.na(x) & (x < q[1] - 1.5 * diff(q) | x > q[2] + 1.5 * diff(q))
}

for (variant in names(variants)) {
  rows <- variants[[variant]]
  cumulative_models("clmm", variant, rows, factors)
  cumulative_models("clm", variant, rows, character(0))
  linear_models(variant, rows, if (length(covariates)) "mixed_model_total" else "mixed_model", character(0))
  if (length(covariates)) linear_models(variant, rows, "mixed_model", covariates)
  simple(variant, rows)
}
# As published: without values of Quality beyond 1.5 interquartile ranges of their condition.
least_squares("published", data[ave(data[[quality]], data$condition, FUN = is_outlier) == 0, ])

write_found("analysis-r.csv")
cat("\nWrote analysis-r.csv, to be compared with statistics.csv\n")
