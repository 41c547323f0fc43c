// What the system says about memory, read from folders that look like its own.
#include "host/memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "host/buffer.h"
#include "host/cgroup.h"

namespace nodegrad {
namespace {

class FakeSystem : public testing::Test {
 protected:
  FakeSystem() { mkdtemp(root_.data()); }
  ~FakeSystem() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  std::string root_ = (std::filesystem::temp_directory_path() / "nodegrad-XXXXXX").string();
};

constexpr const char* kMachine =
    "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nSwapFree: 50 kB\n";

TEST_F(FakeSystem, WithoutGroupsTheMachineDecides) {
  write("/proc/meminfo", kMachine);
  const Memory memory = readMemory(root_);
  EXPECT_EQ(memory.limit, 1000u << 10);
  EXPECT_EQ(memory.available, 650u << 10);
}

TEST_F(FakeSystem, TheTightestGroupOfVersion2Decides) {
  write("/proc/meminfo", kMachine);
  write("/proc/self/cgroup", "0::/outer/inner\n");
  write("/sys/fs/cgroup/outer/memory.max", "400000");
  write("/sys/fs/cgroup/outer/memory.current", "350000");
  write("/sys/fs/cgroup/outer/memory.stat",
        "anon 300000\nfile 50000\nactive_file 20000\ninactive_file 10000\n");
  write("/sys/fs/cgroup/outer/inner/memory.max", "300000");
  write("/sys/fs/cgroup/outer/inner/memory.current", "100000");
  Memory memory = readMemory(root_);
  EXPECT_EQ(memory.limit, 300000u);
  EXPECT_EQ(memory.available, 400000u - 320000u);  // a neighbour fills the outer one

  write("/sys/fs/cgroup/outer/inner/memory.max", "max");
  EXPECT_EQ(readMemory(root_).limit, 400000u);
}

TEST_F(FakeSystem, TheGroupsOfVersion1Count) {
  write("/proc/meminfo", kMachine);
  write("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "500000");
  write("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "450000");
  write("/sys/fs/cgroup/memory/a/memory.stat",
        "inactive_file 1\ntotal_inactive_file 40000\ntotal_active_file 5000\n");
  const Memory memory = readMemory(root_);
  EXPECT_EQ(memory.limit, 500000u);
  EXPECT_EQ(memory.available, 500000u - 405000u);
}

TEST_F(FakeSystem, AContainerThatSeesTheHostsPathHasItsOwnGroupAtTheRoot) {
  write("/proc/meminfo", kMachine);
  write("/proc/self/cgroup", "0::/../../host/path\n");
  write("/sys/fs/cgroup/memory.max", "200000");
  write("/sys/fs/cgroup/memory.current", "50000");
  EXPECT_EQ(readMemory(root_).available, 150000u);
  EXPECT_EQ(cgroupFolders("", root_).back(), root_ + "/sys/fs/cgroup/");
}

TEST(Memory, AReservationKeepsItsRoomFree) {
  const size_t half = readMemory().available / 2;
  const Reservation first = reserveMemory(half);
  EXPECT_THROW(reserveMemory(half + (size_t{64} << 20)), Error);
  EXPECT_THROW(allocateHost(half + (size_t{64} << 20)), Error);
}

}  // namespace
}  // namespace nodegrad
