//! What each door answers to whom (S2).

/// Who asks: no key, a wrong one, three roles with the team, an admin of another team, an admin of the store.
pub(super) const CALLERS: [&str; 7] = ["nobody", "wrong", "reader", "ingest", "writer", "other", "admin"];

/// Method, path, and the status that each is answered with; `+`: and is shown what the team's run holds.
pub(super) const ROUTES: &str = "
    method   path                                        nobody wrong reader ingest writer other admin
    GET      /livez                                      200    200   200    200    200    200   200
    GET      /readyz                                     200    200   200    200    200    200   200
    *        /sdk/{*rest}                                404    404   404    404    404    404   404
    PUT      /upload/{token}                             403    403   403    403    403    403   403
    GET      /files/{token}                              403    403   403    403    403    403   403
    OPTIONS  /files/{token}                              204    204   204    204    204    204   204
    PUT      /upload/{token}/{name}                      403    403   403    403    403    403   403
    GET      /files/{token}/{name}                       403    403   403    403    403    403   403
    OPTIONS  /files/{token}/{name}                       204    204   204    204    204    204   204
    GET      /artifactsV2/{region}/{entity}/{project}/{collection}/{born}/{md5}/{*name} 401 401 404 404 404 404 404
    POST     /graphql                                    401    401   200+   200    200+   200   200+
    POST     /files/{entity}/{project}/{run}/file_stream 401    401   403    200    200    403   200
    POST     /sql                                        401    401   200+   200    200+   200   200+
    GET      /api/events                                 401    401   200+   200    200+   200   200+
    POST     /api/chart                                  401    401   200+   404    200+   404   200+
    POST     /api/runs                                   401    401   200+   200    200+   200   200+
    POST     /api/commands                               401    401   403    200    200    404   200
    POST     /api/import/wandb                           401    401   400    400    400    400   400
    POST     /login                                      400    400   400    400    400    400   400
    GET      /api/session                                401    401   200    200    200    200   200
    DELETE   /api/session                                401    401   400    400    400    400   400
    POST     /api/tickets                                401    401   200    200    200    200   200
    GET      /metrics                                    401    401   403    403    403    403   200
    GET      /assets/{*file}                             404    404   404    404    404    404   404
    GET      /                                           200    200   200    200    200    200   200
    GET      /login                                      200    200   200    200    200    200   200
    GET      /authorize                                  200    200   200    200    200    200   200
    GET      /sql                                        200    200   200    200    200    200   200
    GET      /{entity}                                   200    200   200    200    200    200   200
    GET      /{entity}/{project}                         200    200   200    200    200    200   200
    GET      /{entity}/{project}/workspace               200    200   200    200    200    200   200
    GET      /{entity}/{project}/table                   200    200   200    200    200    200   200
    GET      /{entity}/{project}/runs                    200    200   200    200    200    200   200
    GET      /{entity}/{project}/runs/{run}              200    200   200    200    200    200   200
    GET      /{entity}/{project}/runs/{run}/{tab}        200    200   200    200    200    200   200
    GET      /{entity}/{project}/artifacts/{kind}/{name} 200    200   200    200    200    200   200
    GET      /{entity}/{project}/artifacts/{kind}/{name}/{version} 200 200 200 200   200    200   200
    GET      /{entity}/{project}/{run}                   200    200   200    200    200    200   200
";

/// Field of the schema, and what each gets of it: `yes`, `yes+` with what the team's run holds, `null`, `no`: an
/// error beside status 200, or the status.
pub(super) const FIELDS: &str = "
    kind     field                    nobody wrong reader ingest writer other admin
    query    viewer                   401    401   yes    yes    yes    yes   yes
    query    serverInfo               401    401   yes    yes    yes    yes   yes
    query    entity                   401    401   yes    yes    yes    yes   yes
    query    organization             401    401   null   null   null   null  null
    query    users                    401    401   yes    yes    yes    yes   yes
    query    project                  401    401   yes+   null   yes+   null  yes+
    query    model                    401    401   yes+   null   yes+   null  yes+
    query    models                   401    401   yes+   yes    yes+   yes   yes+
    query    artifact                 401    401   yes+   null   yes+   null  yes+
    query    artifactCollection       401    401   yes+   null   yes+   null  yes+
    query    clientIDMapping          401    401   yes    yes    yes    null  yes
    mutation createArtifact           401    401   no     yes    yes+   no    yes+
    mutation createArtifactManifest   401    401   no     yes    yes    no    yes
    mutation updateArtifactManifest   401    401   no     yes    yes    no    yes
    mutation createArtifactFiles      401    401   no     yes    yes    no    yes
    mutation completeMultipartUploadArtifact 401 401 no    no     no     no    no
    mutation commitArtifact           401    401   no     yes    yes+   no    yes+
    mutation useArtifact              401    401   no     yes    yes+   no    yes+
    mutation addAliases               401    401   no     yes    yes    no    yes
    mutation deleteAliases            401    401   no     yes    yes    no    yes
    mutation updateArtifact           401    401   no     yes    yes+   no    yes+
    mutation upsertBucket             401    401   403    yes    yes+   403   yes+
    mutation rewindRun                401    401   403    yes    yes+   403   yes+
    mutation deleteRun                401    401   no     yes    yes    no    yes
    mutation stopRun                  401    401   no     yes    yes    no    yes
    mutation updateRunState           401    401   no     yes    yes    no    yes
    mutation upsertModel              401    401   no     yes    yes    no    yes
    mutation createRunFiles           401    401   no     yes    yes    no    yes
    mutation markRunFilesUploaded     401    401   no     yes    yes    no    yes
    mutation deleteFiles              401    401   no     yes    yes    no    yes
    mutation notifyScriptableRunAlert 401    401   no     yes    yes    no    yes
    mutation deleteModel              401    401   no     no     no     no    yes
    mutation createTeam               401    401   no     no     no     no    yes
    mutation createUser               401    401   no     no     no     no    yes
    mutation createInvite             401    401   no     no     no     no    yes
    mutation deleteInvite             401    401   no     no     no     no    yes
    mutation createServiceAccount     401    401   no     no     no     no    yes
    mutation generateApiKey           401    401   yes    yes    yes    yes   yes
    mutation deleteApiKey             401    401   no     no     no     no    yes
";

/// Command, and the status that each is answered with.
pub(super) const COMMANDS: &str = "
    command    nobody wrong reader ingest writer other admin
    edit       401    401   403    200    200    404   200
    stop       401    401   403    200    200    404   200
    delete     401    401   403    200    200    404   200
    undelete   401    401   403    200    200    404   200
    user_add   401    401   403    403    403    403   200
    user_list  401    401   403    403    403    403   200
    password_set 401  401   200    200    200    200   200
    view_save  401    401   403    404    200    404   200
    view_list  401    401   200    404    200    404   200
    view_remove 401   401   403    404    200    404   200
    team_add   401    401   403    403    403    403   200
    team_list  401    401   200    200    200    200   200
    role_grant 401    401   403    403    403    403   200
    role_list  401    401   200    200    200    200   200
    key_new    401    401   403    403    403    403   200
    key_list   401    401   200    200    200    200   200
    key_revoke 401    401   404    404    404    404   200
    compact    401    401   403    403    403    403   200
    prune      401    401   403    403    403    403   200
";
