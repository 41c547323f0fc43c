#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/error.h"

namespace nodegrad {

struct Subgraph;  // cpp/graph/subgraph.h

using Attr =
    std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::shared_ptr<const Subgraph>>;
enum class AttrKind {
  Boolean,
  Integer,
  Number,
  Text,
  Integers,
  Graph
};  // the alternatives of Attr, in its order

// An op's attributes by name, after the check against its schema: every attribute of the schema is there.
class Attrs {
 public:
  Attrs() = default;
  Attrs(std::initializer_list<std::pair<const std::string, Attr>> items) : items_(items) {}

  bool has(const std::string& name) const { return items_.count(name) != 0; }
  void set(const std::string& name, Attr value) { items_[name] = std::move(value); }

  template <class T>
  const T& get(const std::string& name) const {
    auto it = items_.find(name);
    if (it == items_.end()) fail(ErrorCode::Internal, "attribute '", name, "' is missing");
    if (auto* value = std::get_if<T>(&it->second)) return *value;
    fail(ErrorCode::Internal, "attribute '", name, "' has another kind");
  }
  bool boolean(const std::string& name) const { return get<bool>(name); }
  int64_t integer(const std::string& name) const { return get<int64_t>(name); }
  double number(const std::string& name) const { return get<double>(name); }
  const std::string& text(const std::string& name) const { return get<std::string>(name); }
  const std::vector<int64_t>& integers(const std::string& name) const {
    return get<std::vector<int64_t>>(name);
  }

  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  bool operator==(const Attrs& other) const { return items_ == other.items_; }

 private:
  std::map<std::string, Attr> items_;
};

std::string toString(const Attr& attr);

}  // namespace nodegrad
