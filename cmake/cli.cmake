# The command `sapwood`: cli/*.cc over the public headers (target sapwood_cli). What the verbs build on is a library, for
# the fuzz target of imports.
sapwood_glob(cli_sources cli/*.cc)
set(cli_base ${cli_sources})
list(FILTER cli_base EXCLUDE REGEX "/(main|verb_[a-z]+)\\.cc$")
list(REMOVE_ITEM cli_sources ${cli_base})
if(cli_sources)
  find_package(CLI11 REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(fmt REQUIRED)

  add_library(sapwood_cli_base STATIC ${cli_base})
  target_include_directories(sapwood_cli_base PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(sapwood_cli_base PUBLIC Sapwood::sapwood CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
  sapwood_compile_options(sapwood_cli_base)

  add_executable(sapwood_cli ${cli_sources})
  set_target_properties(sapwood_cli PROPERTIES EXCLUDE_FROM_ALL ${SAPWOOD_BUILD_FUZZ})
  target_link_libraries(sapwood_cli PRIVATE sapwood_cli_base)
  set_target_properties(sapwood_cli PROPERTIES OUTPUT_NAME sapwood)
  sapwood_compile_options(sapwood_cli)
  if(SKBUILD)
    set(command_folder ${SKBUILD_SCRIPTS_DIR})  # a wheel's
  else()
    set(command_folder ${CMAKE_INSTALL_BINDIR})
  endif()
  install(TARGETS sapwood_cli DESTINATION ${command_folder} COMPONENT command)
endif()
