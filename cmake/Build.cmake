# The few verbs that the folders' CMakeLists.txt use. Sources are listed, never globbed.

# outlayer_lib(NAME source.c …): a static library of lib/; arrows are target_link_libraries lines.
function(outlayer_lib name)
    add_library(${name} STATIC ${ARGN})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
endfunction()

# outlayer_exe(NAME SOURCES … LIBS …): an executable of src/, put in OUTLAYER_BIN.
function(outlayer_exe name)
    cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${A_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE ${A_LIBS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${OUTLAYER_BIN})
endfunction()

# unit_test(NAME SOURCES … LIBS …): a cmocka program, run by ctest under the label "unit".
function(unit_test name)
    if(OUTLAYER_FUZZ OR NOT OUTLAYER_TESTS)
        return()
    endif()
    cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(test_${name} ${A_SOURCES})
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/src
                                                    ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(test_${name} PRIVATE TESTS_DIR="${PROJECT_SOURCE_DIR}/tests"
                                                    BIN_DIR="${OUTLAYER_BIN}"
                                                    SHARE_DIR="${PROJECT_SOURCE_DIR}/build/share/outlayer")
    target_link_libraries(test_${name} PRIVATE ${A_LIBS} PkgConfig::CMOCKA)
    set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME unit/${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# fuzz_target(NAME LIBS …): tests/fuzz/fuzz_NAME.c with libFuzzer; ctest replays the corpus and then
# fuzzes for OUTLAYER_FUZZ_SECONDS (label "fuzz").
function(fuzz_target name)
    if(NOT OUTLAYER_FUZZ)
        return()
    endif()
    cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c ${A_SOURCES})
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/src)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${name} PRIVATE ${A_LIBS})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    set(seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/corpora/${name})
    set(found ${CMAKE_BINARY_DIR}/corpora/${name})
    file(MAKE_DIRECTORY ${found} ${CMAKE_BINARY_DIR}/crashes)
    add_test(NAME fuzz/${name}
             COMMAND fuzz_${name} -max_total_time=${OUTLAYER_FUZZ_SECONDS} -rss_limit_mb=2048 -timeout=10
                     -artifact_prefix=${CMAKE_BINARY_DIR}/crashes/${name}- ${found} ${seeds})
    set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 100000)
endfunction()
