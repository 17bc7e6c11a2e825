# Toolchain of the smart contracts: C to wasm32 for NEAR's virtual machine.
#
# -mcpu=mvp keeps the module inside what every protocol version accepts. Everything is freestanding:
# the few libc functions that the compiler itself calls are in contracts/sdk.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-14)
set(CMAKE_C_COMPILER_TARGET wasm32)
set(CMAKE_AR llvm-ar-14)
set(CMAKE_RANLIB llvm-ranlib-14)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_EXECUTABLE_SUFFIX .wasm)
set(CMAKE_C_FLAGS_INIT "-mcpu=mvp -nostdlib -ffreestanding -fno-builtin -fvisibility=hidden -ffunction-sections -fdata-sections")
# Small code is cheap code: each call pays for loading the whole module, and link-time optimisation
# passes the small structs in registers.
set(CMAKE_C_FLAGS_RELEASE "-Oz -flto")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostdlib -Wl,--no-entry -Wl,--strip-all -Wl,--compress-relocations -Wl,--gc-sections -Wl,--stack-first -Wl,-z,stack-size=65536")
