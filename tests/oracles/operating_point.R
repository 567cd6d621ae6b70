# Rerun: Rscript tests/oracles/operating_point.R > tests/oracles/operating_point.txt
# The smallest k with P(Beta(n - k + 1, k) <= alpha) >= 0.95, through the binomial tail and not the beta function:
# the k-th smallest of n lies above the (1 - alpha) quantile if at most k - 1 of n lie below it.
surely <- function(n, alpha) {
  k <- which(pbinom(0:(n - 1), n, 1 - alpha) >= 0.95)
  if (length(k)) k[1] else n + 1
}
for (case in list(c(1000, 0.01), c(298, 0.01), c(299, 0.01), c(58, 0.05), c(59, 0.05), c(500, 0.02), c(2000, 0.1)))
  cat(case[1], case[2], surely(case[1], case[2]), "\n")
