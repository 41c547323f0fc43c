// The threads of a kernel's blocks, as fibers: one goes on until it waits at a barrier. Those of a block
// go on in another order after each barrier, so that a barrier that is missing shows.
#include <cuda_runtime.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <vector>

unsigned char* sharedBytes = nullptr;

namespace emulation {

namespace {

constexpr int kPoison = 0xff;
constexpr unsigned kWarp = 32;
constexpr size_t kStackBytes = 128 << 10;

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// Memory between two pages that nobody may touch.
std::byte* fenced(size_t bytes) {
  void* pages =
      mmap(nullptr, bytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  std::byte* begin = static_cast<std::byte*>(pages) + kPage;
  return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0 ? begin : nullptr;
}

enum class State : uint8_t { Ready, AtBlock, AtWarp, Over };

struct Thread {
  State state = State::Ready;
  int fiber = -1;  // none: it has not begun
  Place place;     // of the barrier
  // What a shuffle gives to the others; two, since one may be ahead of those that still read.
  uint64_t given[2] = {};
  unsigned shuffles = 0;
};

struct Fiber {
  ucontext_t context;
  std::byte* stack = nullptr;
};

std::mutex running;        // one kernel at a time: the variables below, and shared memory, are its own
std::deque<Fiber> fibers;  // which stay where they are: a context points into itself
std::vector<int> spareFibers;
std::vector<Thread> threads;
std::vector<unsigned> order;  // of the threads that may go on
size_t next = 0;              // in order
unsigned current = 0;
int currentFiber = 0;
ucontext_t scheduler;
const std::function<void()>* kernelBody = nullptr;
std::mt19937 orders(1);
std::string faultText;
std::mutex faultMutex;

void choose(unsigned thread) {
  current = thread;
  threadIdx = dim3(thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / blockDim.x / blockDim.y);
}

// Runs threads that have not begun, one after another as long as none of them waits.
void runFiber() {
  while (next < order.size() && threads[order[next]].fiber < 0) {
    choose(order[next++]);
    Thread& thread = threads[current];
    thread.fiber = currentFiber;
    (*kernelBody)();
    threads[current].state = State::Over;
  }
  spareFibers.push_back(currentFiber);
}

bool begin() {
  if (spareFibers.empty()) {
    Fiber made;
    made.stack = fenced(kStackBytes);
    if (!made.stack) return false;
    spareFibers.push_back(static_cast<int>(fibers.size()));
    fibers.push_back(made);
  }
  currentFiber = spareFibers.back();
  spareFibers.pop_back();
  Fiber& fiber = fibers[static_cast<size_t>(currentFiber)];
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack;
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = &scheduler;
  makecontext(&fiber.context, runFiber, 0);
  swapcontext(&scheduler, &fiber.context);
  return true;
}

void goOn(unsigned thread) {
  choose(thread);
  currentFiber = threads[thread].fiber;
  swapcontext(&scheduler, &fibers[static_cast<size_t>(currentFiber)].context);
}

void wait(State at, Place place) {
  Thread& own = threads[current];
  own.state = at;
  own.place = place;
  const unsigned thread = current;
  swapcontext(&fibers[static_cast<size_t>(currentFiber)].context, &scheduler);
  choose(thread);
}

bool areAt(State state, size_t first, size_t last) {
  return std::all_of(threads.begin() + static_cast<std::ptrdiff_t>(first),
                     threads.begin() + static_cast<std::ptrdiff_t>(last), [&](const Thread& thread) {
                       return thread.state == state && thread.place == threads[first].place;
                     });
}

void release(size_t first, size_t last) {
  for (size_t t = first; t < last; ++t) {
    threads[t].state = State::Ready;
    order.push_back(static_cast<unsigned>(t));
  }
}

// Which threads go on after all wait or are over; false: some wait for threads that never come.
bool findReady() {
  const size_t count = threads.size();
  order.clear();
  next = 0;
  for (size_t first = 0; first < count; first += kWarp)
    if (areAt(State::AtWarp, first, std::min(first + kWarp, count)))
      release(first, std::min(first + kWarp, count));
  if (order.empty() && areAt(State::AtBlock, 0, count)) release(0, count);
  return !order.empty() || std::all_of(threads.begin(), threads.end(),
                                       [](const Thread& thread) { return thread.state == State::Over; });
}

bool runBlock() {
  std::fill(threads.begin(), threads.end(), Thread{});
  order.resize(threads.size());
  std::iota(order.begin(), order.end(), 0u);
  next = 0;
  do {
    std::shuffle(order.begin(), order.end(), orders);
    while (next < order.size()) {
      if (threads[order[next]].fiber >= 0)
        goOn(order[next++]);
      else if (!begin())
        return fault("there is no memory for threads"), false;
    }
    if (!findReady()) {
      const auto waits = std::find_if(threads.begin(), threads.end(), [](const Thread& thread) {
        return thread.state == State::AtBlock || thread.state == State::AtWarp;
      });
      fault(std::string("not all threads come to the barrier at ") + waits->place.file + ":" +
            std::to_string(waits->place.line));
      return false;
    }
  } while (!order.empty());
  return true;
}

}  // namespace

void fault(std::string text) {
  const std::lock_guard<std::mutex> lock(faultMutex);
  if (faultText.empty()) faultText = std::move(text);
}

bool takeFault(std::string& text) {
  const std::lock_guard<std::mutex> lock(faultMutex);
  if (faultText.empty()) return false;
  text = std::move(faultText);
  faultText.clear();
  return true;
}

void runThreads(dim3 blocks, dim3 block, size_t shared, const std::function<void()>& body) {
  const std::lock_guard<std::mutex> lock(running);
  // Ends where nobody may read, as other memory does.
  static std::byte* const sharedMemory = fenced(kMostShared);
  constexpr size_t kAlign = 16;
  const size_t room = (shared + kAlign - 1) / kAlign * kAlign;
  sharedBytes = reinterpret_cast<unsigned char*>(sharedMemory + (kMostShared - room));
  gridDim = blocks;
  blockDim = block;
  kernelBody = &body;
  threads.resize(size_t{block.x} * block.y * block.z);
  // Backwards, so that a kernel that counts on an order shows.
  for (unsigned z = blocks.z; z-- > 0;)
    for (unsigned y = blocks.y; y-- > 0;)
      for (unsigned x = blocks.x; x-- > 0;) {
        blockIdx = dim3(x, y, z);
        std::memset(sharedBytes, kPoison, room);
        if (!runBlock()) {
          // Fibers that would wait without an end are stopped.
          spareFibers.resize(fibers.size());
          std::iota(spareFibers.begin(), spareFibers.end(), 0);
          return;
        }
      }
}

void waitForBlock(Place place) { wait(State::AtBlock, place); }

uint64_t shuffle(uint64_t given, unsigned lane, Place place) {
  Thread& own = threads[current];
  const unsigned turn = own.shuffles++ % 2, first = current / kWarp * kWarp;
  own.given[turn] = given;
  wait(State::AtWarp, place);
  const size_t from = first + lane % kWarp;
  return threads[from < threads.size() ? from : current].given[turn];
}

unsigned laneOf() { return current % kWarp; }

}  // namespace emulation
