# The command `sapwood`: cli/*.cc over the public headers (target sapwood_cli). All but main.cc is a library, for the fuzz
# target of imports.
sapwood_glob(cli_sources cli/*.cc)
list(FILTER cli_sources EXCLUDE REGEX "/main\\.cc$")
if(cli_sources)
  find_package(CLI11 REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(fmt REQUIRED)

  add_library(sapwood_verbs STATIC ${cli_sources})
  target_include_directories(sapwood_verbs PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(sapwood_verbs PUBLIC Sapwood::sapwood CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
  sapwood_compile_options(sapwood_verbs)

  add_executable(sapwood_cli cli/main.cc)
  target_link_libraries(sapwood_cli PRIVATE sapwood_verbs)
  set_target_properties(sapwood_cli PROPERTIES OUTPUT_NAME sapwood)
  sapwood_compile_options(sapwood_cli)
  install(TARGETS sapwood_cli DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
