# The extension module of the Python package (python/): sapwood._core. Built by `pip install .` (pyproject.toml), or by
# any configuration with SAPWOOD_BUILD_PYTHON=ON, for development: it lands beside a copy of the package in the build.
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS Development.SABIModule)
if(NOT SKBUILD)
  execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_STRIP_TRAILING_WHITESPACE
                  OUTPUT_VARIABLE nanobind_ROOT)
endif()
find_package(nanobind CONFIG REQUIRED)

sapwood_glob(python_sources python/native/*.cc)
nanobind_add_module(sapwood_python STABLE_ABI FREE_THREADED NB_STATIC NOMINSIZE ${python_sources})
set_target_properties(sapwood_python PROPERTIES OUTPUT_NAME _core)
target_include_directories(sapwood_python PRIVATE ${PROJECT_SOURCE_DIR})
# Their headers do not pass our warnings.
target_include_directories(sapwood_python SYSTEM PRIVATE ${NB_DIR}/include ${Python_INCLUDE_DIRS})
target_link_libraries(sapwood_python PRIVATE sapwood)
sapwood_compile_options(sapwood_python)
# With sanitizers g++ 12 takes the optional strings of nanobind's converters for uninitialised.
target_compile_options(sapwood_python PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
nanobind_add_stub(sapwood_stub MODULE _core OUTPUT ${PROJECT_BINARY_DIR}/_core.pyi
                  PYTHON_PATH $<TARGET_FILE_DIR:sapwood_python> DEPENDS sapwood_python INCLUDE_PRIVATE)
install(TARGETS sapwood_python LIBRARY DESTINATION sapwood COMPONENT python)
install(FILES ${PROJECT_BINARY_DIR}/_core.pyi DESTINATION sapwood COMPONENT python)
