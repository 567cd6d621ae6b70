# Rerun: Rscript tests/oracles/pooling.R > tests/oracles/pooling.txt  (Debian: r-cran-lme4, r-cran-metafor)
# Counts are typed here, or metadat's dat.kearon1998 (compression ultrasound against venography, 34 studies).
suppressMessages({library(lme4); library(metafor)})
cat(R.version.string, "; lme4", as.character(packageVersion("lme4")), "; metafor", as.character(packageVersion("metafor")), "\n")

tables <- list(
  seven = data.frame(
    hospital = LETTERS[1:7], positives = c(40, 25, 60, 33, 12, 80, 51), detected = c(37, 20, 58, 27, 12, 71, 50),
    negatives = c(100, 60, 150, 90, 44, 210, 130), false_positives = c(4, 9, 3, 6, 0, 25, 2)),
  gaps = data.frame( # hospitals without positives, and without negatives
    hospital = LETTERS[1:8], positives = c(40, 0, 60, 33, 12, 80, 51, 45), detected = c(37, 0, 52, 21, 12, 71, 50, 33),
    negatives = c(100, 60, 150, 0, 44, 210, 130, 77), false_positives = c(4, 12, 3, 0, 0, 40, 2, 11)),
  alike = data.frame( # sensitivity varies less than chance: a singular fit
    hospital = LETTERS[1:6], positives = c(40, 40, 40, 40, 40, 40), detected = c(36, 36, 37, 36, 35, 36),
    negatives = c(100, 100, 100, 100, 100, 100), false_positives = c(4, 19, 3, 11, 1, 25)),
  same = data.frame( # nearly the same rates everywhere: both variances are zero
    hospital = LETTERS[1:5], positives = c(40, 80, 20, 60, 40), detected = c(35, 73, 18, 55, 36),
    negatives = c(100, 50, 200, 150, 100), false_positives = c(5, 2, 7, 6, 3)),
  opposed = data.frame( # the two rates trade off exactly: correlation -1
    hospital = LETTERS[1:6], positives = c(60, 60, 60, 60, 60, 60), detected = c(40, 45, 50, 54, 57, 59),
    negatives = c(90, 90, 90, 90, 90, 90), false_positives = c(1, 3, 7, 14, 23, 38)),
  huge = data.frame( # one hospital holds 79 % of all patients
    hospital = LETTERS[1:6], positives = c(4000, 200, 250, 210, 190, 200), detected = c(3800, 170, 240, 180, 185, 160),
    negatives = c(40000, 2000, 2500, 2100, 1900, 2000), false_positives = c(400, 90, 10, 75, 30, 120)))
k <- dat.kearon1998[complete.cases(dat.kearon1998[, c("tp", "np", "tn", "nn")]), ]
tables$kearon <- data.frame(hospital = paste0("S", seq_len(nrow(k))), positives = k$np, detected = k$tp,
                            negatives = k$nn, false_positives = k$nn - k$tn)

show <- function(name, x) cat(name, formatC(x, digits = 10, format = "g"), "\n")
for (name in names(tables)) {
  t <- tables[[name]]; H <- nrow(t)
  cat("\n#", name, "\n")
  if (name == "kearon") print(t, row.names = FALSE)
  long <- rbind(
    data.frame(hospital = t$hospital, sens = 1, spec = 0, y = t$detected, n = t$positives),
    data.frame(hospital = t$hospital, sens = 0, spec = 1, y = t$negatives - t$false_positives, n = t$negatives))
  long <- long[long$n > 0, ]
  # three optimisers at two tolerances, the highest likelihood kept: with one huge hospital bobyqa stops short, and
  # near zero variances the inner step may not reach the tighter tolerance
  formula <- cbind(y, n - y) ~ 0 + sens + spec + (0 + sens + spec | hospital)
  attempt <- function(optimizer, tolerance) tryCatch(
    suppressWarnings(glmer(formula, data = long, family = binomial, nAGQ = 1, control = glmerControl(
      optimizer = optimizer, tolPwrss = tolerance, check.conv.singular = "ignore", check.nobs.vs.nRE = "ignore",
      optCtrl = if (optimizer == "bobyqa") list(maxfun = 1e6, rhobeg = 0.1, rhoend = 1e-9) else list()))),
    error = function(e) NULL)
  fits <- list()
  for (optimizer in c("bobyqa", "Nelder_Mead", "nlminbwrap")) for (tolerance in c(1e-12, 1e-9))
    fits <- c(fits, attempt(optimizer, tolerance))
  logliks <- sapply(fits, function(f) as.numeric(logLik(f)))
  show("glmer.logliks", logliks)
  fit <- fits[[which.max(logliks)]]
  v <- VarCorr(fit)$hospital
  show("glmer.mu", fixef(fit)); show("glmer.se", sqrt(diag(as.matrix(vcov(fit)))))
  show("glmer.tau2", diag(v)); show("glmer.correlation", attr(v, "correlation")[1, 2])
  show("glmer.loglik", as.numeric(logLik(fit)))
  # Reitsma: 0.5 to both cells of a margin where one of them is empty
  fix <- ifelse(long$y == 0 | long$y == long$n, 0.5, 0)
  long$yi <- log((long$y + fix) / (long$n - long$y + fix))
  long$vi <- 1 / (long$y + fix) + 1 / (long$n - long$y + fix)
  long$margin <- ifelse(long$sens == 1, "a", "b")
  r <- suppressWarnings(rma.mv(yi, vi, mods = ~ 0 + margin, random = ~ margin | hospital, struct = "UN", data = long,
              method = "REML", control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 1000)))
  show("reitsma.mu", r$beta[, 1]); show("reitsma.se", r$se); show("reitsma.tau2", r$tau2)
  show("reitsma.correlation", r$rho); show("reitsma.loglik", as.numeric(logLik(r)))
}
