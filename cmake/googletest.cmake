# GTest::gtest_main, from the sources in the npm package, so that the tests need nothing but `npm ci`.
set(googletest ${PROJECT_SOURCE_DIR}/node_modules/@xpack-3rd-party/googletest/googletest)
add_library(gtest_main STATIC ${googletest}/src/gtest-all.cc ${googletest}/src/gtest_main.cc)
add_library(GTest::gtest_main ALIAS gtest_main)
target_include_directories(gtest_main SYSTEM PUBLIC ${googletest}/include PRIVATE ${googletest})
target_link_libraries(gtest_main PUBLIC Threads::Threads)
