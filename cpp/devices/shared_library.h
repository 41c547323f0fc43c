#pragma once
#include <string>

namespace nodegrad {

// A library that is loaded while the process runs. It stays to the end: its threads may use it until then.
class SharedLibrary {
 public:
  // file: a path, or a name that the system's loader looks for. Fails with DEVICE and the loader's words.
  explicit SharedLibrary(const std::string& file);

  // The file that was loaded, links followed.
  std::string path() const;
  // A function of the library. Fails with DEVICE where there is none of that name.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  void* handle_;
};

}  // namespace nodegrad
