#pragma once
#include <algorithm>
#include <list>
#include <utility>

namespace nodegrad {

// A few values by key, the latest used first; the oldest goes when there are too many.
template <class Key, class Value>
class LruCache {
 public:
  explicit LruCache(size_t most) : most_(most) {}

  // The value of a key, now the latest used, or null.
  Value* find(const Key& key) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
    if (found == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found);
    return &found->second;
  }

  // Adds a key that is not there. The value stays where it is until it goes.
  Value& add(Key key, Value value) {
    entries_.emplace_front(std::move(key), std::move(value));
    if (entries_.size() > most_) entries_.pop_back();
    return entries_.front().second;
  }

  // The latest used, or null.
  const Value* latest() const { return entries_.empty() ? nullptr : &entries_.front().second; }
  size_t size() const { return entries_.size(); }

 private:
  size_t most_;
  std::list<std::pair<Key, Value>> entries_;
};

}  // namespace nodegrad
