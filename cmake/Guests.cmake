# guest(NAME OUTPUT source.c …): a guest program in C for wasm32-wasip1, at
# build/share/outlayer/guests/OUTPUT.wasm. Needs Debian's wasi-libc and libclang-rt-14-dev-wasm32.
set(GUESTS_DIR ${PROJECT_SOURCE_DIR}/build/share/outlayer/guests)
set(GUEST_FLAGS --target=wasm32-wasi -std=gnu17 -O2 -Wall -Wextra -Werror -g0 -Wl,--strip-debug)

function(guest name output)
    set(wasm ${GUESTS_DIR}/${output}.wasm)
    get_filename_component(folder ${wasm} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
    add_custom_command(
        OUTPUT ${wasm}
        COMMAND clang-14 ${GUEST_FLAGS} -o ${wasm} ${sources}
        DEPENDS ${sources}
        COMMENT "Guest ${output}.wasm"
        VERBATIM)
    add_custom_target(guest_${name} ALL DEPENDS ${wasm})
endfunction()

# rust_guest(NAME [OUTPUT [TARGET]]): the crate in this folder, at build/share/outlayer/guests/
# OUTPUT.wasm (NAME.wasm), for wasm32-wasip1 or another target.
function(rust_guest name)
    set(output ${name})
    set(target wasm32-wasip1)
    if(ARGC GREATER 1)
        set(output ${ARGV1})
    endif()
    if(ARGC GREATER 2)
        set(target ${ARGV2})
    endif()
    set(wasm ${GUESTS_DIR}/${output}.wasm)
    get_filename_component(folder ${wasm} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(crate ${CMAKE_CURRENT_SOURCE_DIR})
    file(GLOB_RECURSE wit CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/api/wit/*.wit)
    add_custom_command(
        OUTPUT ${wasm}
        COMMAND ${PROJECT_SOURCE_DIR}/tools/build-guest ${crate} ${wasm} ${target}
        DEPENDS ${crate}/Cargo.toml ${crate}/Cargo.lock ${crate}/src/main.rs ${wit}
                ${PROJECT_SOURCE_DIR}/tools/build-guest
        COMMENT "Guest ${output}.wasm"
        VERBATIM)
    add_custom_target(guest_${name} ALL DEPENDS ${wasm})
endfunction()
