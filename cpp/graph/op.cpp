#include "graph/op.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "graph/precision.h"

namespace nodegrad {

namespace {

std::map<std::string, OpDef>& table() {
  static std::map<std::string, OpDef> ops;
  return ops;
}

// Filled before main, in any order.
std::vector<OpFamily::Add>& families() {
  static std::vector<OpFamily::Add> all;
  return all;
}

void fillOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const OpFamily::Add add : families()) add();
  });
}

size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t next = std::min({row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = row[j];
      row[j] = next;
    }
  }
  return row[b.size()];
}

const char* kindName(AttrKind kind) {
  constexpr const char* names[] = {"a boolean", "a whole number",          "a number",
                                   "a text",    "a list of whole numbers", "a graph"};
  return names[static_cast<size_t>(kind)];
}

// JavaScript has one kind of number: a whole number given where a real one is expected is that number, and
// the other way round.
Attr convert(const OpDef& def, const AttrSpec& spec, const Attr& given) {
  if (given.index() == static_cast<size_t>(spec.kind)) return given;
  if (spec.kind == AttrKind::Number)
    if (auto* whole = std::get_if<int64_t>(&given)) return static_cast<double>(*whole);
  if (spec.kind == AttrKind::Integer)
    if (auto* real = std::get_if<double>(&given))
      if (std::floor(*real) == *real && std::abs(*real) < 9007199254740992.0)
        return static_cast<int64_t>(*real);
  fail(ErrorCode::Attribute, "[", def.name, "] expected ", kindName(spec.kind), " for '", spec.name,
       "', received ", toString(given));
}

}  // namespace

OpFamily::OpFamily(Add add) { families().push_back(add); }

void registerOp(OpDef def) {
  const std::string name = def.name;
  if (!table().emplace(name, std::move(def)).second)
    fail(ErrorCode::Internal, "op '", name, "' is registered twice");
}

const OpDef* findKnownOp(const std::string& name) {
  fillOnce();
  const auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

const OpDef& findOp(const std::string& name) {
  if (const OpDef* known = findKnownOp(name)) return *known;
  const auto nearest = std::min_element(table().begin(), table().end(), [&](const auto& a, const auto& b) {
    return distance(name, a.first) < distance(name, b.first);
  });
  fail(ErrorCode::Argument, "expected the name of an op, received '", name, "'; did you mean '",
       nearest->first, "'?");
}

std::vector<std::string> opNames() {
  fillOnce();
  std::vector<std::string> names;
  for (const auto& item : table()) names.push_back(item.first);
  return names;
}

Attrs checkAttrs(const OpDef& def, const Attrs& given) {
  Attrs checked;
  for (const AttrSpec& spec : def.attrs) {
    if (given.has(spec.name)) {
      for (const auto& item : given)
        if (item.first == spec.name) checked.set(spec.name, convert(def, spec, item.second));
    } else if (spec.fallback) {
      checked.set(spec.name, *spec.fallback);
    } else {
      fail(ErrorCode::Attribute, "[", def.name, "] expected the attribute '", spec.name, "', received none");
    }
  }
  if (given.has(kPrecision)) {
    const std::string& precision = given.text(kPrecision);
    if (!computeFromName(precision))
      fail(ErrorCode::Attribute, "[", def.name,
           "] expected the precision 'float32', 'tensorFloat32' or 'bfloat16', received '", precision, "'");
    checked.set(kPrecision, precision);
  }
  for (const auto& item : given)
    if (!checked.has(item.first)) {
      std::string known;
      for (const AttrSpec& spec : def.attrs) known += (known.empty() ? "" : ", ") + spec.name;
      fail(ErrorCode::Attribute, "[", def.name, "] expected no attribute '", item.first, "'; it has ",
           known.empty() ? "none" : known);
    }
  return checked;
}

}  // namespace nodegrad
