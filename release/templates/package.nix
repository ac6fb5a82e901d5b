{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = @name@;
  version = @version@;

  src = fetchurl {
    url = @source@;
    hash = @hash@;
  };

  # The two programs need nothing but the C library, by whose loader they are started.
  nativeBuildInputs = [ autoPatchelfHook ];

  # It is stripped already.
  dontStrip = true;
  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out
    cp -r bin lib share $out
    install -Dm644 LICENSE $out/share/licenses/$pname/LICENSE
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    $out/bin/transcriber --version | grep -F "$version"
  '';

  meta = {
    description = @summary@;
    homepage = @homepage@;
    license = lib.getLicenseFromSpdxId @licence@;
    mainProgram = @command@;
    platforms = [ "x86_64-linux" ];
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
