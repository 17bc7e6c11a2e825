# guest(NAME OUTPUT source.c …): a guest program in C for wasm32-wasip1, at
# build/share/outlayer/guests/OUTPUT.wasm. Needs Debian's wasi-libc and libclang-rt-14-dev-wasm32.
set(GUESTS_DIR ${PROJECT_SOURCE_DIR}/build/share/outlayer/guests)
set(GUEST_FLAGS --target=wasm32-wasi -std=gnu17 -O2 -Wall -Wextra -Werror -g0)

function(guest name output)
    set(wasm ${GUESTS_DIR}/${output}.wasm)
    get_filename_component(folder ${wasm} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
    # Linked without -O: with it clang runs wasm-opt where there is one, and gives other bytes there.
    set(compile)
    set(objects)
    foreach(source ${ARGN})
        set(object ${CMAKE_CURRENT_BINARY_DIR}/${source}.wasm.o)
        list(APPEND compile COMMAND clang-14 ${GUEST_FLAGS} -c -o ${object} ${CMAKE_CURRENT_SOURCE_DIR}/${source})
        list(APPEND objects ${object})
    endforeach()
    add_custom_command(
        OUTPUT ${wasm}
        ${compile}
        COMMAND clang-14 --target=wasm32-wasi -Wl,--strip-debug -o ${wasm} ${objects}
        DEPENDS ${sources}
        COMMENT "Guest ${output}.wasm"
        VERBATIM)
    add_custom_target(guest_${name} ALL DEPENDS ${wasm})
endfunction()

# c_component(NAME source.c …): a guest in C with the SDK, for wasm32-wasip2.
function(c_component name)
    set(wasm ${GUESTS_DIR}/${name}.wasm)
    set(sdk ${PROJECT_SOURCE_DIR}/sdk/c)
    set(objects)
    foreach(source ${ARGN} ${sdk}/outlayer.c ${sdk}/outlayer_near.c ${sdk}/outlayer_http.c)
        get_filename_component(stem ${source} NAME_WE)
        get_filename_component(path ${source} ABSOLUTE)
        set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}.wasm.o)
        add_custom_command(OUTPUT ${object}
            COMMAND clang-14 --target=wasm32-wasi -std=gnu17 -O2 -Wall -Wextra -Werror -g0 -I${sdk} -c -o ${object} ${path}
            DEPENDS ${path} ${sdk}/outlayer.h ${sdk}/near_type.inc ${sdk}/http_type.inc
            VERBATIM)
        list(APPEND objects ${object})
    endforeach()
    string(REPLACE ";" " " linked "${objects}")
    add_custom_command(OUTPUT ${wasm}
        COMMAND sh -c "ld=$(${PROJECT_SOURCE_DIR}/tools/component-linker) && exec clang-14 --target=wasm32-wasi -nostartfiles -Wl,--strip-debug -fuse-ld=$ld -Wl,--wasm-ld-path=/usr/bin/wasm-ld-14 -o ${wasm} ${linked}"
        DEPENDS ${objects} ${PROJECT_SOURCE_DIR}/tools/component-linker
        COMMENT "Guest ${name}.wasm"
        VERBATIM)
    add_custom_target(guest_${name} ALL DEPENDS ${wasm})
endfunction()

# rust_crate(MADE FILE TARGET): the crate in this folder, at FILE; MADE is what to make for it.
function(rust_crate made wasm target)
    get_filename_component(folder ${wasm} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(crate ${CMAKE_CURRENT_SOURCE_DIR})
    file(GLOB sources CONFIGURE_DEPENDS ${crate}/src/*.rs)
    file(GLOB_RECURSE wit CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/api/wit/*.wit)
    add_custom_command(
        OUTPUT ${wasm}
        COMMAND ${PROJECT_SOURCE_DIR}/tools/build-guest ${crate} ${wasm} ${target}
        DEPENDS ${crate}/Cargo.toml ${crate}/Cargo.lock ${sources} ${wit}
                ${PROJECT_SOURCE_DIR}/tools/build-guest
        COMMENT "Rust: ${made}"
        VERBATIM)
    add_custom_target(${made} ALL DEPENDS ${wasm})
endfunction()

# rust_contract(NAME): a contract, at build/share/outlayer/NAME.wasm.
function(rust_contract name)
    rust_crate(contract_${name} ${PROJECT_SOURCE_DIR}/build/share/outlayer/${name}.wasm wasm32-unknown-unknown)
endfunction()

# rust_guest(NAME [OUTPUT [TARGET]]): a guest, at build/share/outlayer/guests/OUTPUT.wasm (NAME.wasm),
# for wasm32-wasip1 or another target.
function(rust_guest name)
    set(output ${name})
    set(target wasm32-wasip1)
    if(ARGC GREATER 1)
        set(output ${ARGV1})
    endif()
    if(ARGC GREATER 2)
        set(target ${ARGV2})
    endif()
    rust_crate(guest_${name} ${GUESTS_DIR}/${output}.wasm ${target})
endfunction()
