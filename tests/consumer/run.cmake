# cmake -D BUILD=... -D SOURCE=... -D COMPILER=... -D LIBDIR=... -P: installs the build into an empty prefix, then builds
# and runs the consumer twice: by find_package and by pkg-config.
set(work ${BUILD}/consumer)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work}/by_cmake ${work}/by_pkg_config)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component development)
file(RENAME ${prefix} ${work}/moved)  # an installed tree may be moved
set(prefix ${work}/moved)

run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${work}/by_cmake -D CMAKE_BUILD_TYPE=Release
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${work}/by_cmake)
run(${CMAKE_COMMAND} -E chdir ${work}/by_cmake ./consumer)

find_program(PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
execute_process(COMMAND ${PKG_CONFIG} --cflags --libs sapwood OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${COMPILER} -std=c++20 -O2 -Wall -Wextra -Werror ${SOURCE}/main.cc -o ${work}/by_pkg_config/consumer ${flags})
run(${CMAKE_COMMAND} -E chdir ${work}/by_pkg_config ./consumer)
