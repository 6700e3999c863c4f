/**
 * Markdown as elements. HTML in it is shown as the text that it is, addresses of scripts are dropped by the library, and
 * a picture is a link to it: nothing is asked of other servers by looking at a page.
 */
import Reader from "react-markdown";
import gfm from "remark-gfm";

export default function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <Reader
        remarkPlugins={[gfm]}
        components={{
          // They stand below the head of a panel, whatever level they say.
          h1: "h4",
          h2: "h5",
          h3: "h6",
          h4: "h6",
          h5: "h6",
          a: ({ href, children }) => (
            <a href={href} rel="noreferrer noopener">
              {children}
            </a>
          ),
          img: ({ src, alt }) => (
            <a href={typeof src === "string" ? src : undefined} rel="noreferrer noopener">
              {alt === undefined || alt === "" ? "picture" : alt}
            </a>
          ),
        }}
      >
        {text}
      </Reader>
    </div>
  );
}
