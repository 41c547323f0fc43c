# A system may have an older libstdc++ and glibc than the machine that builds: a library brings the one, and asks for old symbols of
# the other (binding/glibc_floor.cpp). libgcc_s stays shared: its symbols are those of GCC 3.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -static-libstdc++)
check_cxx_source_compiles("#include <features.h>
#if !defined(__GLIBC__) || !defined(__x86_64__)
#error
#endif
int main() {}" OLD_GLIBC)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
set(glibc_floor ${CMAKE_CURRENT_LIST_DIR}/../binding/glibc_floor.cpp)

function(run_on_old_glibc target)
  if(NOT OLD_GLIBC)
    return()
  endif()
  target_sources(${target} PRIVATE ${glibc_floor})
  file(STRINGS ${glibc_floor} wrapped REGEX "__wrap_[a-z0-9]+\\(|^NODEGRAD_OLD")
  foreach(line IN LISTS wrapped)
    string(REGEX REPLACE "^.*(__wrap_|NODEGRAD_OLD\\([^,]+, )([a-z0-9_]+).*$" "\\2" symbol "${line}")
    target_link_options(${target} PRIVATE -Wl,--wrap=${symbol})
  endforeach()
  target_link_options(${target} PRIVATE -static-libstdc++)
endfunction()
