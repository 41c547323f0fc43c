// kernel_sweep [--cases N] [--seed S] [--only OP] [--isa LEVEL] [--case K]: random cases for every kernel of
// the CPU against float64, on each level of instructions that the machine has. Prints each failing case with
// the command that repeats it, and the counts.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "core/error.h"
#include "cpu/isa.h"
#include "sweep/case.h"

namespace nodegrad::sweep {
namespace {

// A case that takes longer hangs.
constexpr unsigned kSeconds = 60;

struct Options {
  int64_t cases = 2000;
  uint64_t seed = 1;
  std::string only, isa;
  std::optional<int64_t> one;
  // Of a worker: the first of its cases, and how far apart they are.
  std::optional<int64_t> from;
  int64_t step = 1;
};

// A level as the sweep names it: those of NODEGRAD_ISA, and AVX-512 without the instructions for bfloat16.
std::vector<std::string> levels() {
  std::vector<std::string> all = isaLevels();
  if (std::find(all.begin(), all.end(), "avx512") != all.end()) all.push_back("avx512_emulate");
  return all;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) fail(ErrorCode::Argument, "[kernel_sweep] expected a value after '", name, "'");
    const char* value = argv[i + 1];
    if (name == "--cases") {
      options.cases = std::atoll(value);
    } else if (name == "--seed") {
      options.seed = std::strtoull(value, nullptr, 10);
    } else if (name == "--only") {
      options.only = value;
    } else if (name == "--isa") {
      options.isa = value;
    } else if (name == "--case") {
      options.one = std::atoll(value);
    } else if (name == "--from") {
      options.from = std::atoll(value);
    } else if (name == "--step") {
      options.step = std::atoll(value);
    } else {
      fail(ErrorCode::Argument,
           "[kernel_sweep] expected --cases, --seed, --only, --isa or --case, received '", name, "'");
    }
  }
  const auto expectOneOf = [](const char* name, const std::string& value,
                              const std::vector<std::string>& known) {
    if (!value.empty() && std::find(known.begin(), known.end(), value) == known.end())
      fail(ErrorCode::Argument, "[kernel_sweep] expected one of the names known here for ", name,
           ", received '", value, "'");
  };
  expectOneOf("--only", options.only, allOps());
  expectOneOf("--isa", options.isa, levels());
  return options;
}

// Runs cases one after another and tells the parent of each: "start K", then what it computes, then "pass K"
// or "fail K why".
int work(const Options& options) {
  for (int64_t k = *options.from; k < options.cases; k += options.step) {
    std::cout << "start " << k << std::endl;
    alarm(kSeconds);
    const std::string wrong =
        runCase(options.seed, k, options.only.empty() ? opOfCase(options.seed, k) : options.only,
                [](const std::string& what) { std::cout << "what " << what << std::endl; });
    if (wrong.empty())
      std::cout << "pass " << k << std::endl;
    else
      std::cout << "fail " << k << ' ' << wrong << std::endl;
  }
  return 0;
}

// The cases of one level, in child processes: a case that ends its process fails, and the next goes on.
class Level {
 public:
  Level(const Options& options, std::string name, int64_t first, int64_t step)
      : options_(options), name_(std::move(name)), next_(first), step_(step) {}

  // tell(case, op, what is wrong) for each failing one.
  void run(const std::function<void(int64_t, const std::string&)>& tell, std::atomic<int64_t>& passed) {
    while (next_ < options_.cases) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::Internal, "[kernel_sweep] expected a pipe");
      const pid_t child = start(ends[1]);
      close(ends[1]);
      const int64_t running = listen(ends[0], tell, passed);
      int status = 0;
      waitpid(child, &status, 0);
      if (running < 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
      const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
      const std::string end = hung                  ? "hangs"
                              : WIFSIGNALED(status) ? std::string("ended by ") + strsignal(WTERMSIG(status))
                                                    : "exited";
      tell(std::max(running, next_), end + " | " + what_);
      next_ = std::max(running, next_) + step_;
    }
  }

 private:
  pid_t start(int output) const {
    std::vector<std::string> words = {"/proc/self/exe",
                                      "--from",
                                      std::to_string(next_),
                                      "--step",
                                      std::to_string(step_),
                                      "--cases",
                                      std::to_string(options_.cases),
                                      "--seed",
                                      std::to_string(options_.seed)};
    if (!options_.only.empty()) words.insert(words.end(), {"--only", options_.only});
    const bool emulate = name_ == "avx512_emulate";
    std::vector<std::string> settings = {"NODEGRAD_ISA=" + (emulate ? "avx512" : name_),
                                         std::string("NODEGRAD_BFLOAT16=") + (emulate             ? "emulate"
                                                                              : name_ == "avx512" ? "native"
                                                                                                  : ""),
                                         "OMP_WAIT_POLICY=passive"};
    const auto isSet = [&](const std::string& setting) {
      return std::any_of(settings.begin(), settings.end(), [&](const std::string& own) {
        return own.substr(0, own.find('=')) == setting.substr(0, setting.find('='));
      });
    };
    for (char** setting = environ; *setting; ++setting)
      if (!isSet(*setting)) settings.push_back(*setting);
    const auto pointers = [](std::vector<std::string>& strings) {
      std::vector<char*> all;
      for (std::string& string : strings) all.push_back(string.data());
      all.push_back(nullptr);
      return all;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    pid_t child = 0;
    const int error = posix_spawn(&child, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                                  pointers(settings).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
      fail(ErrorCode::Internal, "[kernel_sweep] expected a child process, received ", strerror(error));
    return child;
  }

  // Reads until the child is done. The case that was running then, or -1.
  int64_t listen(int from, const std::function<void(int64_t, const std::string&)>& tell,
                 std::atomic<int64_t>& passed) {
    FILE* lines = fdopen(from, "r");
    char* line = nullptr;
    size_t size = 0;
    int64_t running = -1;
    while (getline(&line, &size, lines) > 0) {
      const std::string text(line, strcspn(line, "\n"));
      if (text.rfind("what ", 0) == 0) {
        what_ = text.substr(5);
        continue;
      }
      const int64_t k = std::atoll(text.c_str() + std::min(text.size(), text.find(' ') + 1));
      if (text.rfind("start ", 0) == 0) {
        running = k;
        what_.clear();
        continue;
      }
      if (text.rfind("pass ", 0) == 0)
        ++passed;
      else
        tell(k, text.substr(text.find(' ', text.find(' ') + 1) + 1) + " | " + what_);
      running = -1;
      next_ = k + step_;
    }
    free(line);
    fclose(lines);
    return running;
  }

  const Options& options_;
  const std::string name_;
  std::string what_;  // the running case computes
  int64_t next_;
  const int64_t step_;
};

int sweep(Options options) {
  const std::vector<std::string> all = levels();
  const auto count = static_cast<int64_t>(all.size());
  std::atomic<int64_t> passed{0};
  int64_t failed = 0;
  std::mutex mutex;
  const auto runLevel = [&](int64_t l, int64_t first, int64_t step) {
    const std::string& name = all[static_cast<size_t>(l)];
    Level(options, name, first, step)
        .run(
            [&](int64_t k, const std::string& wrong) {
              const std::lock_guard<std::mutex> lock(mutex);
              ++failed;
              std::cout << "npm run test:kernels -- --seed " << options.seed << " --case " << k << " --only "
                        << (options.only.empty() ? opOfCase(options.seed, k) : options.only) << " --isa "
                        << name << ": " << wrong << std::endl;
            },
            passed);
  };
  if (options.one) {
    options.cases = *options.one + 1;
    const auto named = std::find(all.begin(), all.end(), options.isa) - all.begin();
    runLevel(options.isa.empty() ? *options.one % count : named, *options.one, 1);
  } else if (!options.isa.empty()) {
    runLevel(std::find(all.begin(), all.end(), options.isa) - all.begin(), 0, 1);
  } else {
    // Two levels at a time: most cases keep one thread busy.
    std::atomic<int64_t> next{0};
    const auto take = [&] {
      for (int64_t l = next++; l < count; l = next++) runLevel(l, l, count);
    };
    std::thread second(take);
    take();
    second.join();
  }
  std::cout << "kernels: " << passed << " passed, " << failed << " failed" << std::endl;
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace nodegrad::sweep

int main(int argc, char** argv) {
  using namespace nodegrad::sweep;
  try {
    const Options options = parse(argc, argv);
    return options.from ? work(options) : sweep(options);
  } catch (const nodegrad::Error& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
