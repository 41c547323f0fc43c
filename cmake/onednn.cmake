# DNNL::dnnl: any oneDNN 3.2 or newer that CMake finds (dnnl_DIR or CMAKE_PREFIX_PATH choose one), else the pinned wheels.
find_package(dnnl 3.2 CONFIG QUIET)
if(NOT TARGET DNNL::dnnl)
  execute_process(COMMAND python3 ${PROJECT_SOURCE_DIR}/scripts/fetch.py onednn
                  OUTPUT_VARIABLE onednn_root OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "oneDNN could not be fetched.")
  endif()
  # The wheel's own CMake files name a copy of the library that is not kept, and need a CMake older than 4.
  add_library(DNNL::dnnl SHARED IMPORTED)
  set_target_properties(DNNL::dnnl PROPERTIES
    IMPORTED_LOCATION ${onednn_root}/lib/libdnnl.so.3
    IMPORTED_SONAME libdnnl.so.3
    INTERFACE_INCLUDE_DIRECTORIES ${onednn_root}/include)
endif()
