# Rerun: Rscript tests/oracles/curves.R doAUCcluster.R > tests/oracles/curves.txt  (Debian: r-cran-proc)
# doAUCcluster.R is R/doAUCcluster.R of github.com/DIDSR/mitoticFigureCounts, the Cleveland Clinic's own program for
# Obuchowski 1997; of it the computing statements were run, without those for printing and for missing values.
# The data, made up and with ties, lie in curves.csv. pROC takes every row as a patient of its own.
suppressMessages(library(pROC))
options(digits = 15)
source(commandArgs(trailingOnly = TRUE)[1])
d <- read.csv("tests/oracles/curves.csv")
cat(R.version.string, "; pROC", as.character(packageVersion("pROC")), "\n")
show <- function(name, ...) cat(name, format(c(...), digits = 15), "\n")

a <- roc(d$truth, d$score, levels = c(0, 1), direction = "<", quiet = TRUE)
b <- roc(d$truth, d$other, levels = c(0, 1), direction = "<", quiet = TRUE)
cat("# delong\n")
show("score.auc", auc(a)); show("score.variance", var(a, method = "delong"))
show("other.auc", auc(b)); show("other.variance", var(b, method = "delong"))
test <- roc.test(a, b, method = "delong", paired = TRUE)
show("paired.p", test$p.value); show("paired.limits", test$conf.int)

one <- doAUCcluster(d$score, response = d$truth, clusterID = d$patient)
two <- doAUCcluster(d$score, d$other, response = d$truth, clusterID = d$patient)
cat("# obuchowski\n")
show("score.auc", one$auc); show("score.variance", one$auc.var)
show("paired.difference", two$auc.AminusB); show("paired.variance", two$auc.var.AminusB); show("paired.p", two$p.value)

# Perfectly told apart patients are left to Newcombe's method 5, which neither program has.
p <- pmin(pmax(d$score, 1e-6), 1 - 1e-6)
slope <- glm(truth ~ qlogis(p), family = binomial, data = d, epsilon = 1e-14)
large <- glm(truth ~ 1, offset = qlogis(p), family = binomial, data = d, epsilon = 1e-14)
cat("# calibration\n")
show("slope.value", coef(slope)[2]); show("slope.limits", confint.default(slope)[2, ])
show("intercept.value", coef(large)); show("intercept.limits", confint.default(large))
