#pragma once
#include "ops/expr.h"

namespace nodegrad {

// For each number the product of its group's other numbers; sum and product give each number those of its
// group. Zeros are counted (m), never divided by: p is the product of the rest, and what stands for the zeros
// is a polynomial that has their product's value and first derivative, so that a second derivative is right
// too (for any m: with three zeros or more, value and derivative are 0).
template <class Sum, class Product>
Expr productOfOthers(const Expr& x, Sum&& sum, Product&& product) {
  const Expr zero = equal(x, 0.0);
  const Expr rest = where(zero, 1.0, x);
  const Expr p = product(rest);
  const Expr m = sum(indicator(zero));
  const Expr sumOfZeros = sum(where(zero, x, 0.0));
  const Expr one = equal(m, 1.0);
  const Expr ofZero = where(one, 1.0, where(equal(m, 2.0), sumOfZeros - x, 0.0));
  const Expr ofOther = where(equal(m, 0.0), 1.0, where(one, sumOfZeros, 0.0)) / rest;
  return p * where(zero, ofZero, ofOther);
}

}  // namespace nodegrad
