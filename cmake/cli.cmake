# The command `sapwood`: cli/*.cc over the public headers (target sapwood_cli).
sapwood_glob(cli_sources cli/*.cc)
if(cli_sources)
  find_package(CLI11 REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(fmt REQUIRED)

  add_executable(sapwood_cli ${cli_sources})
  target_include_directories(sapwood_cli PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(sapwood_cli PRIVATE Sapwood::sapwood CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
  set_target_properties(sapwood_cli PROPERTIES OUTPUT_NAME sapwood)
  sapwood_compile_options(sapwood_cli)
  install(TARGETS sapwood_cli DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
