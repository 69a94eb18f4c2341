# cmake -D PROGRAM=... -D FOLDER=... -D EXPECTED=... -P: runs a program in an emptied folder; fails as it fails, or if it
# prints anything but what the file EXPECTED holds.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
execute_process(COMMAND ${PROGRAM} WORKING_DIRECTORY ${FOLDER} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${EXPECTED} expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed:\n${printed}instead of what ${EXPECTED} says:\n${expected}")
endif()
