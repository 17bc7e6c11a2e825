# The engine lies in the user's cache folder; tools/build-engine makes it when it is not there.
execute_process(
    COMMAND ${CMAKE_SOURCE_DIR}/tools/build-engine
    OUTPUT_VARIABLE WASMTIME_DIR OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "the WebAssembly engine could not be built; see the lines above")
endif()
add_library(wasmtime INTERFACE)
target_include_directories(wasmtime SYSTEM INTERFACE ${WASMTIME_DIR}/include)
target_link_libraries(wasmtime INTERFACE ${WASMTIME_DIR}/liboutlayer_engine.a Threads::Threads dl m)
