"""DOCX: the least that Word and LibreOffice open, by ECMA-376 (Office Open XML, Transitional).

It is six small files of XML in a zip archive, and written here: python-docx would bring lxml,
which is several megabytes, for a title and paragraphs. The same transcript gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile

from transcriber.exporting.document import Document, is_right_to_left
from transcriber.exporting.markup import escaped
from transcriber.exporting.paragraphs import Paragraph, paragraphs
from transcriber.times import clock

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can name."""

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_CONTENT_TYPES = f"""\
<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>
<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>
<Override PartName="/docProps/core.xml" \
ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>
</Types>
"""

_PACKAGE_PARTS = f"""\
<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>
<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" \
Target="docProps/core.xml"/>
</Relationships>
"""

_DOCUMENT_PARTS = f"""\
<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>
</Relationships>
"""

_PROPERTIES = f"""\
<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{{title}}</dc:title>
<dc:language>{{language}}</dc:language>
</cp:coreProperties>
"""

_STYLES = f"""\
<w:styles xmlns:w="{_MAIN}">
<w:docDefaults>
<w:rPrDefault><w:rPr><w:sz w:val="22"/><w:szCs w:val="22"/>\
<w:lang w:val="{{language}}" w:eastAsia="{{language}}" w:bidi="{{language}}"/></w:rPr>\
</w:rPrDefault>
<w:pPrDefault><w:pPr><w:spacing w:after="160" w:line="276" w:lineRule="auto"/></w:pPr>\
</w:pPrDefault>
</w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal">\
<w:name w:val="Normal"/><w:qFormat/></w:style>
<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/>\
<w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/></w:pPr>\
<w:rPr><w:sz w:val="40"/><w:szCs w:val="40"/></w:rPr></w:style>
<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">\
<w:name w:val="Default Paragraph Font"/></w:style>
<w:style w:type="character" w:customStyle="1" w:styleId="Time"><w:name w:val="Time"/>\
<w:basedOn w:val="DefaultParagraphFont"/><w:qFormat/>\
<w:rPr><w:color w:val="666666"/><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr></w:style>
<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/>\
<w:basedOn w:val="DefaultParagraphFont"/><w:qFormat/><w:rPr><w:b/><w:bCs/></w:rPr></w:style>
</w:styles>
"""

_DOCUMENT = f"""\
<w:document xmlns:w="{_MAIN}">
<w:body>
{{paragraphs}}<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>\
<w:pgMar w:top="1417" w:right="1417" w:bottom="1417" w:left="1417" \
w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>
</w:body>
</w:document>
"""
"""A4, with margins of 25 mm; lengths are twentieths of a point."""


def content(document: Document) -> bytes:
    """Return a document of a title and paragraphs, each with its time before it."""
    shown = [_paragraph(_run(document.title), document.title, style="Title")]
    shown += map(_shown, paragraphs(document.passages))
    about = {"title": escaped(document.title), "language": escaped(document.language)}
    parts = {
        # The first one, by which programs know what the archive is.
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _PACKAGE_PARTS,
        "word/document.xml": _DOCUMENT.format(paragraphs="".join(shown)),
        "word/_rels/document.xml.rels": _DOCUMENT_PARTS,
        "word/styles.xml": _STYLES.format(**about),
        "docProps/core.xml": _PROPERTIES.format(**about),
    }
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, text in parts.items():
                part = zipfile.ZipInfo(name, _DATE)
                part.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(part, _XML + text)
        return stream.getvalue()


def _shown(paragraph: Paragraph) -> str:
    runs = _run(clock(paragraph.start), style="Time")
    if paragraph.speaker:
        runs += _run(" ") + _run(f"{paragraph.speaker}:", style="Strong")
    return _paragraph(runs + _run(f" {paragraph.text}"), paragraph.text)


def _paragraph(runs: str, text: str, *, style: str = "") -> str:
    properties = f'<w:pStyle w:val="{style}"/>' * bool(style)
    properties += "<w:bidi/>" * is_right_to_left(text)
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>\n"


def _run(text: str, *, style: str = "") -> str:
    properties = f'<w:rStyle w:val="{style}"/>' * bool(style)
    properties += "<w:rtl/>" * is_right_to_left(text)
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escaped(text)}</w:t></w:r>'
