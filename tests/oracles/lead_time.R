# Rerun: Rscript tests/oracles/lead_time.R > tests/oracles/lead_time.txt
# Turnbull's estimator by survival::survfit, which stops early (its curve is up to 0.006 off the maximum), and from there by
# 200,000 more of Turnbull's self-consistency steps on survfit's own time points. Ends that are not included are given as 0.001 months less; nothing lies between.
suppressMessages(library(survival))
lcg <- 777
draw <- function() { lcg <<- (1103515245 * lcg + 12345) %% 2147483648; lcg / 2147483648 }
low <- high <- c()
for (i in 1:60) {
  lead <- -14 * log(draw())
  at <- round(c(3 + 3 * draw(), 6 + 6 * draw(), 12 + 12 * draw(), 24 + 12 * draw()), 1)[c(draw() < 0.5, TRUE, draw() < 0.6, draw() < 0.5)]
  seen <- at[at <= lead]
  t <- if (length(seen)) max(seen) else 0
  u <- c(at[at > lead], Inf)[1]
  low <- c(low, t); high <- c(high, u)
}
for (who in c("all", "detected")) {
  keep <- if (who == "all") rep(TRUE, 60) else low > 0
  l <- low[keep]; h <- high[keep]
  fit <- survfit(Surv(l, ifelse(is.finite(h), h - 0.001, NA), type = "interval2") ~ 1)
  mass <- -diff(c(1, fit$surv))
  contains <- outer(seq_along(l), seq_along(fit$time), function(i, j) l[i] <= fit$time[j] & fit$time[j] <= h[i])
  for (step in 1:200000) mass <- mass * colMeans(contains / as.vector(contains %*% mass))
  # the share of patients with at least that many months
  for (m in c(4, 6, 9, 12, 18, 24, 30)) {
    before <- fit$time < m - 0.01
    cat("survival", who, m, sprintf("%.6f", c(1 - sum(mass[before]), c(1, fit$surv)[1 + sum(before)])), "\n")
  }
}
for (i in 1:60) cat("interval", low[i], high[i], "\n")
