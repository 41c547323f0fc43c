# Eigen3::Eigen: the headers of the pinned wheel. Its code stays in float64 kernels of one instruction set; threads are ours.
execute_process(COMMAND python3 ${PROJECT_SOURCE_DIR}/scripts/fetch.py eigen
                OUTPUT_VARIABLE eigen_root OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "Eigen could not be fetched.")
endif()
add_library(eigen INTERFACE)
add_library(Eigen3::Eigen ALIAS eigen)
target_include_directories(eigen SYSTEM INTERFACE ${eigen_root})
target_compile_definitions(eigen INTERFACE EIGEN_DONT_PARALLELIZE EIGEN_MPL2_ONLY)
