// The places that tools write to after the runtime was linked, by the names that AppImage's
// specification and its tools use. They are not loaded into memory: their bytes are in the file.
__asm__(
    // How an updater finds the next version; the packer fills it.
    ".section .upd_info,\"\",@progbits\n"
    ".zero 1024\n"
    // A signature and the key that made it, for those who sign.
    ".section .sha256_sig,\"\",@progbits\n"
    ".zero 1024\n"
    ".section .sig_key,\"\",@progbits\n"
    ".zero 8192\n"
    // Ours: the digest of the image behind the runtime, which names the cache folder.
    ".section .image_sha256,\"\",@progbits\n"
    ".zero 32\n"
    // Ours: the sum of the image, which is quick enough for every start.
    ".section .image_sum,\"\",@progbits\n"
    ".zero 8\n"
    ".text\n");
