#include "core/attrs.h"

#include "core/shape.h"

namespace nodegrad {

std::string toString(const Attr& attr) {
  struct Text {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      std::ostringstream out;
      out << v;
      return out.str();
    }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(const std::vector<int64_t>& v) const {
      std::string text = "[";
      for (size_t i = 0; i < v.size(); ++i) text += (i ? ", " : "") + std::to_string(v[i]);
      return text + "]";
    }
    std::string operator()(const std::shared_ptr<const Subgraph>&) const { return "a graph"; }
  };
  return std::visit(Text{}, attr);
}

}  // namespace nodegrad
