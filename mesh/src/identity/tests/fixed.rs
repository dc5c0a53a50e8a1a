//! Two keys whose private halves are gone, and what they signed: claims() in RS256 and ES256, and claims() by the RSA
//! key under the EC key's kid.

pub const RSA_N: &str = "iXvfBXKnjBZGCd7VfuOcBDXwRRVucX31eMCUmt45TIRKcOvj7Vnxq285fnS71TXLBiotkfF4S_WrZ1_b5rWzlSDN\
    -PVaqSPzFjo6cgzYcoJG7bG17qELlRdmcninOvyUobpTvt9KZ4qPFn_r9j9irBDcN-5OEuey5vXp6IZBVZwIgQac\
    mxJftfPwTcqsl6HCUQJ2_SGYfxbrTvvPtckqxzu0n2D-LjBqJ0sDGpcy0zkXoF6RW4-eX52vTGW7GevVl8SR5ZVu\
    yOyg4A2stZ7xhPNNU5U3K4cS1FDV2Wwgm5IITt0OsEV2eI_N15RZMkzAtffn5iZUGlGh5LUxtE8lDQ";
pub const EC_X: &str = "2TeJzfjXxFSyZeTdJbRei0sUapzdF-1g0uoL_SrVOvE";
pub const EC_Y: &str = "X-vD45XeV3CMfkkwz7KdeQkqoY_mQPGPzanrAjHs6oQ";
pub const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhbm5hIiwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXh\
    hbXBsZSIsImF1ZCI6WyJvdGhlciIsInllbWFlIl0sImV4cCI6MTc1MDAwMDYwMCwicm9sZXMiOlsiY3VzdG9tZXI\
    iXX0.YQle0uUAMbS_a8DSmo8KlcMQR4NHZohHkPSvHHeK2G6b-_ZyU2QMolNKnl0Wv5BanNfBuGBpv3Ff9rVsPRV\
    kftryTBOqbwj68moDPSLINLowDlw1zLb0GKhixrPblU5dwpESVQ43LtwRp_2p024pvjjrQpRfrD5L8zPPooAiiky\
    AjXQiLSmsqCrmWaZ0qr3oMucRSWZ4aLP2ijSQ0jCqiPvAjYz9Wmsbql7fElEjljVNoKACyVtBNfSs7wZonjoECgw\
    G2ytuzLTcVpRk1Q_fqOsjKDHeA-ftRgoExrrKc76JlujiQDys0NmdW-StbudkLU3BKpn6RVDTkxzSWcQW7w";
pub const ES256: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJzdWIiOiJhbm5hIiwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXhh\
    bXBsZSIsImF1ZCI6WyJvdGhlciIsInllbWFlIl0sImV4cCI6MTc1MDAwMDYwMCwicm9sZXMiOlsiY3VzdG9tZXIi\
    XX0.T8yQ_BomPH9ZDgpcXOl52kBwoPd442CX_whGy5HKOTIb4sLQRN1yR_k6IOA8C9N_ldSrG01wQ7eB4lZjtcf4\
    Mw";
pub const RS256_UNDER_EC: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImVjIn0.eyJzdWIiOiJhbm5hIiwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXhh\
    bXBsZSIsImF1ZCI6WyJvdGhlciIsInllbWFlIl0sImV4cCI6MTc1MDAwMDYwMCwicm9sZXMiOlsiY3VzdG9tZXIi\
    XX0.B9jP6P9bZqJZ7efPcUlpjSYkmJ090cfTVQlPnv0yCqHvcYOmdxy4rtIpT89_8FC3sZ60U0Ym6VkpHidheAO8\
    yo38Is9fgLCbIgoxXN6q3-VGtbResyG_SevGFbitrMY8KpSIFvVClL0vcLpWDJn_WFcWK9OcUIPr4iHYYurlJHn6\
    9UA2-ZdaYwKL996IgGw2w0JxYLyNMO3kbrHmPLCPFjMdkY_ZlaXGh0LDpCy00v2cH0zgUNVExJ9SqK214kQRx-qe\
    rhtA3LoINUqAOzFqAcfPN-P7PFc0cvKZwzKRRxNc8g51IOusU2WpKm0SIHiD7mgJrZFux8-7Ir4b9bbAgw";
