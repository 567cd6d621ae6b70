# Rerun: Rscript tests/oracles/challenge_methods.R > tests/oracles/challenge_methods.txt
# The methods as challengeR documents them, in base R: ties of ranks "min", one-sided paired wilcox.test with
# exact = FALSE, p.adjust over all ordered pairs. Data: 9 cases of 4 models, with ties.
options(digits = 15)
y <- rbind(
  a = c(0.91, 0.84, 0.77, 0.95, 0.60, 0.88, 0.71, 0.93, 0.82),
  b = c(0.85, 0.84, 0.70, 0.90, 0.65, 0.80, 0.71, 0.90, 0.80),
  c = c(0.60, 0.72, 0.77, 0.70, 0.55, 0.81, 0.60, 0.75, 0.70),
  d = c(0.60, 0.72, 0.70, 0.40, 0.55, 0.20, 0.60, 0.75, 0.99)
)
r <- function(score) rank(score, ties.method = "min")
cat("mean", rowMeans(y), "\n"); cat("rank", r(-rowMeans(y)), "\n")
m <- apply(y, 1, median); cat("median", m, "\n"); cat("rank", r(-m), "\n")
places <- apply(y, 2, function(case) r(-case))
cat("rank-then-mean", rowMeans(places), "\n"); cat("rank", r(round(rowMeans(places), 12)), "\n")
m <- apply(places, 1, median); cat("rank-then-median", m, "\n"); cat("rank", r(m), "\n")
pairs <- expand.grid(b = rownames(y), a = rownames(y), stringsAsFactors = FALSE)
pairs <- pairs[pairs$a != pairs$b, ]
p <- mapply(function(a, b) wilcox.test(y[a, ], y[b, ], alternative = "greater", exact = FALSE, paired = TRUE)$p.value,
            pairs$a, pairs$b)
cat("pairs", paste0(pairs$a, pairs$b), "\n"); cat("p", p, "\n"); cat("holm", p.adjust(p, "holm"), "\n")
for (method in c("none", "holm")) {
  won <- tapply(p.adjust(p, method) <= 0.05, pairs$a, sum) / (nrow(y) - 1)
  cat(method, won, "\n"); cat("rank", r(-won), "\n")
}
