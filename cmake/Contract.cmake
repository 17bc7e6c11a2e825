# contract(NAME source.c …): a smart contract for NEAR, in C.
#
# With the wasm32 toolchain: NAME.wasm in build/share/outlayer, stripped, with nothing in it that a
# node refuses. Natively: contract_NAME, the same sources against the mock of the host, for tests and
# fuzzing; `contract_mock` has the memory functions that it needs instead of lib/base's.
set(CONTRACT_FREESTANDING
    ${PROJECT_SOURCE_DIR}/lib/base/buf.c
    ${PROJECT_SOURCE_DIR}/lib/base/str.c
    ${PROJECT_SOURCE_DIR}/lib/codec/base58.c
    ${PROJECT_SOURCE_DIR}/lib/codec/base64.c
    ${PROJECT_SOURCE_DIR}/lib/codec/hex.c
    ${PROJECT_SOURCE_DIR}/lib/codec/json.c
    ${PROJECT_SOURCE_DIR}/lib/codec/json_put.c
    ${PROJECT_SOURCE_DIR}/lib/codec/put.c
    ${PROJECT_SOURCE_DIR}/lib/codec/wire.c
    ${PROJECT_SOURCE_DIR}/lib/near/account_id.c)

function(contract name)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL wasm32)
        add_executable(${name} ${ARGN})
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/contracts)
        target_link_libraries(${name} PRIVATE contract_sdk)
        set_target_properties(${name} PROPERTIES SUFFIX .wasm
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/build/share/outlayer)
    else()
        # objects, not an archive: each method announces itself to the mock from a constructor
        add_library(contract_${name} OBJECT ${ARGN})
        target_link_libraries(contract_${name} PUBLIC contract_mock)
    endif()
endfunction()
