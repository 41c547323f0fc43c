# GTest::gtest_main: the system's GoogleTest.
find_path(NODEGRAD_GOOGLETEST_DIR googletest/src/gtest-all.cc PATHS /usr/src/googletest NO_DEFAULT_PATH)
set(INSTALL_GTEST OFF)
set(BUILD_GMOCK OFF)
add_subdirectory(${NODEGRAD_GOOGLETEST_DIR} googletest EXCLUDE_FROM_ALL SYSTEM)
if(NOT TARGET GTest::gtest_main)
  add_library(GTest::gtest_main ALIAS gtest_main)
endif()
