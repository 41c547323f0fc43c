#pragma once
#include <cstddef>
#include <memory>
#include <string>

namespace nodegrad {

// How a backend lays a tensor's numbers out in memory, known only to that backend. A null LayoutPtr is
// row-major.
class Layout {
 public:
  virtual ~Layout() = default;
  virtual size_t bytes() const = 0;
  virtual bool equals(const Layout& other) const = 0;
  virtual std::string name() const = 0;
  // Whether a tensor can live in it: the way there and back changes no bit.
  virtual bool keepsNumbers() const { return true; }
};

using LayoutPtr = std::shared_ptr<const Layout>;

inline bool sameLayout(const LayoutPtr& a, const LayoutPtr& b) { return a == b || (a && b && a->equals(*b)); }

}  // namespace nodegrad
