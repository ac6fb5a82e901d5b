class @class@ < Formula
  desc @summary@
  homepage @homepage@
  url @source@
  version @version@
  sha256 "@sha256@"
  license @licence@

  depends_on arch: :x86_64
  depends_on :linux

  def install
    prefix.install "bin", "lib", "share"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/@command@ --version")
  end
end
