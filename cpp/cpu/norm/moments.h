#pragma once

namespace nodegrad {

// Adds numbers to others of which the count, the mean and the sum of squared distances from the mean (m2) are
// known, given the same of them (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
// computing sample variances", 1979). more: not 0. Always inlined, since files of every instruction set
// include this.
[[gnu::always_inline]] inline void mergeMoments(double& count, double& mean, double& m2, double more,
                                                double moreMean, double moreM2) {
  const double total = count + more, delta = moreMean - mean;
  m2 += moreM2 + delta * delta * (count * more / total);
  mean += delta * (more / total);
  count = total;
}

}  // namespace nodegrad
