# What emmeans (R 4.2.2, ordinal 2022.11.16, emmeans 1.8.4) says of ratings.csv on the scale's own points, by the delta
# method, of a cumulative model without random effects. Run: Rscript points.R > points.json
suppressMessages({library(ordinal); library(emmeans); library(jsonlite)})
points_of <- function(d) {
  model <- clm(rating ~ condition, data = d, control = clm.control(gradTol = 1e-10))
  means <- emmeans(model, ~ condition, mode = "mean.class")
  shown <- as.data.frame(means); pairs <- as.data.frame(contrast(means, "revpairwise"))
  each <- as.data.frame(emmeans(model, ~ rating | condition, mode = "prob"))
  list(mean = shown$mean.class, mean_se = shown$SE, pairs = pairs$contrast, difference = pairs$estimate,
       difference_se = pairs$SE, probability = each$prob, probability_se = each$SE)
}
d <- read.csv("ratings.csv"); d$condition <- factor(d$condition)
rated <- function(name) { d$rating <- factor(d[[name]], ordered = TRUE); d }
out <- lapply(c(clarity = "clarity", use = "use"), function(name) points_of(rated(name)))
cat(toJSON(out, digits = I(16), auto_unbox = TRUE, pretty = TRUE), "\n")
