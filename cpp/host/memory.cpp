#include "host/memory.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>
#include <mutex>

#include "core/error.h"
#include "host/buffer.h"
#include "host/cgroup.h"

namespace nodegrad {
namespace {

// The system is looked at again when an eighth of the room is claimed, and after a while, in which JavaScript
// and others have used memory, too: a look takes as long as a small step.
constexpr size_t kParts = 8;
constexpr std::chrono::steady_clock::duration kLookEvery = std::chrono::milliseconds(200);
// What is left to JavaScript between two looks, and to the kernel's own tables.
constexpr size_t kKeptPart = 16, kMostKept = size_t{1} << 30;

struct Ledger {
  std::mutex mutex;  // for looking
  std::atomic<std::chrono::steady_clock::time_point> lookedAt{};
  std::atomic<size_t> allowance{0}, reserved{0}, room{0};
};

Ledger& ledger() {
  static Ledger& only = *new Ledger();  // never destroyed: the engine's thread uses it until the process ends
  return only;
}

constexpr size_t less(size_t from, size_t what) { return from > what ? from - what : 0; }

bool readNumber(const std::string& path, size_t& value) {
  std::ifstream file(path);
  return static_cast<bool>(file >> value);  // "max" is none
}

// The sum of some of a file's rows "name number" or "name: number kB".
size_t sumOfRows(const std::string& path, std::initializer_list<const char*> names) {
  std::ifstream file(path);
  size_t sum = 0, value = 0;
  for (std::string name; file >> name >> value; file.ignore(64, '\n'))
    if (std::find(names.begin(), names.end(), name) != names.end()) sum += value;
  return sum;
}

void takeGroups(Memory& memory, const std::vector<std::string>& folders, const char* limitFile,
                const char* usageFile, std::initializer_list<const char*> cache) {
  const size_t total = memory.limit;
  for (const std::string& folder : folders) {
    size_t limit = 0, usage = 0;
    // Version 1 says "none" by a number beyond any memory.
    if (!readNumber(folder + limitFile, limit) || limit >= total) continue;
    memory.limit = std::min(memory.limit, limit);
    if (!readNumber(folder + usageFile, usage)) continue;
    memory.available =
        std::min(memory.available, less(limit, less(usage, sumOfRows(folder + "memory.stat", cache))));
  }
}

}  // namespace

Memory readMemory(const std::string& root) {
  const std::string meminfo = root + "/proc/meminfo";
  Memory memory{sumOfRows(meminfo, {"MemTotal:"}) << 10, sumOfRows(meminfo, {"MemAvailable:", "SwapFree:"})
                                                             << 10};
  if (memory.limit == 0) {  // no /proc here
    memory.limit = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    memory.available = memory.limit;
  }
  takeGroups(memory, cgroupFolders("", root), "memory.max", "memory.current",
             {"active_file", "inactive_file"});
  takeGroups(memory, cgroupFolders("memory", root), "memory.limit_in_bytes", "memory.usage_in_bytes",
             {"total_active_file", "total_inactive_file"});
  return memory;
}

void claimMemory(size_t bytes) {
  Ledger& known = ledger();
  if (std::chrono::steady_clock::now() - known.lookedAt.load() < kLookEvery) {
    size_t allowance = known.allowance;
    while (bytes <= allowance)
      if (known.allowance.compare_exchange_weak(allowance, allowance - bytes)) return;
  }
  const std::lock_guard<std::mutex> lock(known.mutex);
  const Memory memory = readMemory();
  const size_t kept = std::min(memory.limit / kKeptPart, kMostKept);
  // The second is for buffers that nobody has written to: they take no memory yet.
  known.room = std::min(less(memory.available, known.reserved + kept), less(memory.limit, liveHostBytes()));
  known.lookedAt = std::chrono::steady_clock::now();
  known.allowance = less(known.room / kParts, bytes);
  if (bytes <= known.room) return;
  fail(ErrorCode::OutOfMemory, "expected room for ", bytes, " bytes, received ", known.room, " of the ",
       memory.limit, " that this machine or its container allows, with ", liveHostBytes(),
       " bytes of tensors in use; use smaller shapes or batches, or dispose of tensors");
}

Reservation reserveMemory(size_t bytes) {
  claimMemory(bytes);
  ledger().reserved += bytes;
  return {bytes, [](size_t given) { ledger().reserved -= given; }};
}

size_t memoryRoom() {
  claimMemory(0);  // looks, if the last look was long ago
  return ledger().room;
}

}  // namespace nodegrad
