# Rerun: Rscript tests/oracles/readers.R > tests/oracles/readers.txt
# Obuchowski-Rockette, one treatment (1T-RRRC). NOT an independent program: RJafroc is not to be had here, so the statistic
# is written again from the papers, by plain loops. AUC and DeLong's covariance are pROC's, the jackknife leaves out cases.
suppressMessages(library(pROC))
J <- 5; m <- 30; n <- 40
truth <- c(rep(1, m), rep(0, n))
lcg <- 12345
draw <- function(k) sapply(seq_len(k), function(i) { lcg <<- (1103515245 * lcg + 12345) %% 2147483648; lcg / 2147483648 })
difficulty <- draw(m + n)
scores <- t(sapply(0:J, function(j) round(20 * (0.45 * difficulty + 0.45 * draw(m + n) + (0.18 + 0.03 * (j == 0) - 0.02 * j) * truth))))
foms <- function(keep, figure) sapply(1:(J + 1), function(j) {
  s <- scores[j, keep]; t <- truth[keep]
  if (figure == "auc") { total <- 0
    for (a in s[t == 1]) for (b in s[t == 0]) total <- total + (a > b) + 0.5 * (a == b)
    return(total / (sum(t == 1) * sum(t == 0))) }
  if (figure == "sensitivity") return(mean(s[t == 1] > 9))
  mean(s[t == 0] <= 9)
})
for (kind in c("auc jackknife", "auc delong", "sensitivity jackknife", "specificity jackknife")) {
  figure <- strsplit(kind, " ")[[1]][1]; how <- strsplit(kind, " ")[[1]][2]
  all <- foms(seq_along(truth), figure)
  psi <- all[1] - all[-1]
  if (how == "delong") {
    rocs <- lapply(1:(J + 1), function(j) roc(truth, scores[j, ], direction = "<", quiet = TRUE))
    stopifnot(max(abs(sapply(rocs, function(r) as.numeric(auc(r))) - all)) < 1e-12)
    S <- outer(1:(J + 1), 1:(J + 1), Vectorize(function(a, b) if (a == b) var(rocs[[a]]) else cov(rocs[[a]], rocs[[b]])))
    D <- matrix(0, J, J)
    for (a in 1:J) for (b in 1:J) D[a, b] <- S[1, 1] - S[1, a + 1] - S[1, b + 1] + S[a + 1, b + 1]
  } else {
    cases <- if (figure == "auc") seq_along(truth) else which(truth == (figure == "sensitivity"))
    left <- sapply(cases, function(i) { f <- foms(setdiff(seq_along(truth), i), figure); f[1] - f[-1] })
    K <- length(cases); D <- matrix(0, J, J)
    for (a in 1:J) for (b in 1:J)
      D[a, b] <- (K - 1) / K * sum((left[a, ] - mean(left[a, ])) * (left[b, ] - mean(left[b, ])))
  }
  cov2 <- mean(D[row(D) != col(D)])
  msr <- sum((psi - mean(psi))^2) / (J - 1)
  v <- (msr + max(J * cov2, 0)) / J
  df <- (msr + max(J * cov2, 0))^2 / (msr^2 / (J - 1))
  t <- mean(psi) / sqrt(v)
  cat(kind, sprintf("%.10f", c(all[1], mean(psi), msr, cov2, t, df, 2 * pt(-abs(t), df),
      mean(psi) + qt(c(0.025, 0.975), df) * sqrt(v))), "\n")
}
for (j in 1:(J + 1)) cat("scores", scores[j, ], "\n")
