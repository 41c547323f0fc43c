#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace nodegrad::plan {

// The name of a node or a value of an Ir: its place in the list of them. A default one names nothing.
template <class Of>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(size_t index) : index_(static_cast<int>(index)) {}

  constexpr explicit operator bool() const { return index_ >= 0; }
  constexpr size_t index() const { return static_cast<size_t>(index_); }

  friend constexpr bool operator==(Id a, Id b) { return a.index_ == b.index_; }
  friend constexpr bool operator!=(Id a, Id b) { return a.index_ != b.index_; }
  friend constexpr bool operator<(Id a, Id b) { return a.index_ < b.index_; }

 private:
  int index_ = -1;
};

// The ids of all nodes or values that there are when the loop begins: for (NodeId n : ids).
template <class Of>
class Ids {
 public:
  class Iterator {
   public:
    explicit Iterator(size_t index) : index_(index) {}
    Id<Of> operator*() const { return Id<Of>(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    size_t index_;
  };

  explicit Ids(size_t count) : count_(count) {}
  Iterator begin() const { return Iterator(0); }
  Iterator end() const { return Iterator(count_); }

 private:
  size_t count_;
};

// One T for each node or value.
template <class Of, class T>
class Table {
 public:
  Table() = default;
  explicit Table(size_t size, const T& initial = T()) : list_(size, initial) {}

  decltype(auto) operator[](Id<Of> id) { return list_[id.index()]; }
  decltype(auto) operator[](Id<Of> id) const { return list_[id.index()]; }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  bool has(Id<Of> id) const { return id && id.index() < list_.size(); }
  Ids<Of> ids() const { return Ids<Of>(list_.size()); }
  Id<Of> add(T item) {
    list_.push_back(std::move(item));
    return Id<Of>(list_.size() - 1);
  }
  void assign(size_t size, const T& initial) { list_.assign(size, initial); }
  void resize(size_t size) { list_.resize(size); }
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  const T& back() const { return list_.back(); }

 private:
  std::vector<T> list_;
};

}  // namespace nodegrad::plan
