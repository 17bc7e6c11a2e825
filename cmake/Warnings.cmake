# The warnings every target is built with; they must stay silent on gcc 12 and clang 14.
add_compile_options(
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wcast-align -Wundef -Wvla -Wformat=2 -Wwrite-strings -Wimplicit-fallthrough
    -Wno-missing-field-initializers # `= {0}` and designated initializers are house style
    -fno-common
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
if(CMAKE_C_COMPILER_ID MATCHES Clang)
    # Its guess that a comma is missing is wrong for every text longer than a line.
    add_compile_options(-Wno-string-concatenation)
endif()
if(OUTLAYER_WERROR)
    add_compile_options(-Werror)
endif()
